/** Commands that tell who has access and why, or have it looked at now. */
import { Option, type Command } from 'commander';
import type { AccessState } from '../../messages/to-member.js';
import type { ExplainOptions } from './explain.js';
import type { InvitationsOptions } from './invitations.js';
import type { MembersOptions } from './members.js';
import type { PollOptions } from './poll.js';
import type { ResyncOptions } from './resync.js';
import { command, configHelp, idHelp, jsonHelp, orderCommand } from '../command.js';

/** The states that `--state` takes; a new one that is missing here does not compile. */
const states = Object.keys({
  new: true,
  access: true,
  noAccess: true,
  otherProfile: true,
  ended: true,
} satisfies Record<AccessState, true>);

/** Adds the commands that tell who has access and why. */
export function addMemberCommands(program: Command): void {
  program.commandsGroup('Ask who has access, and why:');
  addMembers(program);
  addShow(program);
  addExplain(program);
  addTimeline(program);
  addResync(program);
  addInvitations(program);
  addPoll(program);
}

function addMembers(program: Command): void {
  command(program, 'members', 'list all members that Latchkey watches, with their keys', [
    'Needs a Temporal server. Without a running worker it leaves the keys out: only the workflows know them.',
    '"until" is when the first of the keys ends if nothing changes.',
    'latchkey members',
    'latchkey members --state access --location 12',
    'latchkey members --problem                # any problem',
    'latchkey members --problem Kisi           # only members that wait for Kisi',
  ])
    .addOption(new Option('--state <state>', 'only members in this state').choices(states))
    .option('--problem [kind]', 'only members that wait because of a problem')
    .option('--location <id>', 'only members of this location')
    .option('--json', jsonHelp)
    .action(async (options: MembersOptions) => (await import('./members.js')).members(options));
}

function addShow(program: Command): void {
  command(program, 'show', 'show one member: keys, why, next change, what it waits for', [
    'latchkey show 1234',
    'latchkey show 1234 --json',
  ])
    .argument('<id>', idHelp)
    .option('--json', jsonHelp)
    .action(async (id: string, options: { json?: boolean }) => (await import('./show.js')).show(id, options));
}

function addExplain(program: Command): void {
  command(program, 'explain', 'say why a member has or lacks access, by rule and record', [
    'Reads Nexudus now and applies the rules in force, which are those of the worker, even after it has stopped. Applies',
    'latchkey.yaml if no worker has run or Temporal cannot be reached, and says so. Changes nothing.',
    'Says what the rules give; `latchkey show` says which keys the member has.',
    'latchkey explain 1234',
    "latchkey explain 1234 --at 2026-12-01T09:00:00Z    # today's records at that time",
  ])
    .argument('<id>', idHelp)
    .option('--at <time>', 'at this time (ISO 8601; without a zone: in the location’s) instead of now')
    .option('--config <file>', configHelp)
    .option('--json', jsonHelp)
    .action(async (id: string, options: ExplainOptions) =>
      (await import('./explain.js')).explainMember(id, options),
    );
}

function addTimeline(program: Command): void {
  command(program, 'timeline', 'tell what happened to a member: passes, decisions, keys, orders', [
    'Joins what Nexudus says now with what the audit log keeps of this member.',
    'latchkey timeline 1234',
    'latchkey timeline 1234 --json',
  ])
    .argument('<id>', idHelp)
    .option('--json', jsonHelp)
    .action(async (id: string, options: { json?: boolean }) =>
      (await import('./timeline.js')).timeline(id, options),
    );
}

function addResync(program: Command): void {
  orderCommand(program, 'resync', 'look at a member afresh, in Kisi too, and fix what differs', [
    'Works for members that Latchkey does not know yet. Needs a running worker.',
    'Exit code 1 if the member waits for something, or has not answered yet; the reason is printed.',
    'latchkey resync 1234',
    'latchkey resync --all    # wakes every member, and does not wait for them',
  ])
    .argument('[id]', idHelp)
    .option('--all', 'every member that Latchkey watches')
    .action(async (id: string | undefined, options: ResyncOptions) =>
      (await import('./resync.js')).resync(id, options),
    );
}

function addInvitations(program: Command): void {
  orderCommand(program, 'invitations', "list who has not accepted Kisi's invitation", [
    'Lists members with a key who, as far as Kisi tells, have neither signed in to its app nor opened a door, the oldest',
    'invitation first, and what that is told by. Asks Kisi; for --resend a running worker.',
    'latchkey invitations',
    'latchkey invitations --names',
    "latchkey invitations --resend 1234 --why 'the mail was lost'    # has Kisi mail it again, once a day at most",
  ])
    .option('--names', 'with the names of the members, as Nexudus tells them now')
    .option('--resend <id>', 'list nobody; have Kisi mail this member again')
    .option('--json', jsonHelp)
    .action(async (options: InvitationsOptions) => (await import('./invitations.js')).invitations(options));
}

function addPoll(program: Command): void {
  orderCommand(program, 'poll', 'ask Nexudus for changes now instead of at the next turn', [
    'latchkey poll',
    'latchkey poll --full     # read everything: notices deletions too',
  ])
    .option('--full', 'run the reconciliation')
    .action(async (options: PollOptions) => (await import('./poll.js')).poll(options));
}
