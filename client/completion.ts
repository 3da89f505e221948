/** What a shell completes of the `latchkey` command. */
import type { Command } from 'commander';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** Words that may follow some words: those of a command, its choices and its options. */
interface Follow {
  after: string;
  words: string[];
}

/** The script that makes the shell complete every command, its choices and its options. */
export function completionScript(shell: Shell, program: Command): string {
  const follows = followsOf(program, []);
  if (shell === 'fish') return fishScript(follows);
  // zsh reads the same, through its own helper.
  return shell === 'zsh'
    ? `autoload -U +X bashcompinit && bashcompinit\n${bashScript(follows)}`
    : bashScript(follows);
}

function followsOf(command: Command, path: readonly string[]): Follow[] {
  const subcommands = command.commands.map((one) => one.name());
  const choices = command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
  const options = command.options.flatMap(({ long }) => long ?? []);
  return [
    { after: path.join(' '), words: [...subcommands, ...choices, ...options, '--help'] },
    ...command.commands.flatMap((one) => followsOf(one, [...path, one.name()])),
  ];
}

function bashScript(follows: readonly Follow[]): string {
  const cases = follows.map(({ after, words }) => `    '${after}') words='${words.join(' ')}' ;;`);
  return [
    '_latchkey() {',
    '  local words= path="${COMP_WORDS[*]:1:2}"',
    '  [ "$COMP_CWORD" -eq 1 ] && path=',
    '  [ "${COMP_WORDS[1]}" = hooks ] && [ "$COMP_CWORD" -gt 2 ] || path="${path%% *}"',
    '  case "$path" in',
    ...cases,
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))',
    '}',
    'complete -o default -F _latchkey latchkey',
  ].join('\n');
}

function fishScript(follows: readonly Follow[]): string {
  return follows
    .map(({ after, words }) => {
      const seen = after.split(' ').map((word) => `__fish_seen_subcommand_from ${word}`);
      const when = after === '' ? '__fish_use_subcommand' : seen.join('; and ');
      return `complete -c latchkey -n '${when}' -a '${words.join(' ')}'`;
    })
    .join('\n');
}
