import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { failureOf } from '../space/failure.js';
import type { Desk } from './desk.js';
import { answerPage } from './frame.js';
import { groupIn, GroupWatch, type GroupFacts } from './group-facts.js';
import { zoneIn, zonesIn } from './health.js';
import type { KnownNames } from './known-names.js';
import { Group } from './pages/group.js';
import { Groups } from './pages/groups.js';
import { groupWords } from './pages/told.js';
import { words } from './words.js';

/** Adds the page of all groups, and a page for each group. */
export function addGroups(app: FastifyInstance, desk: Desk, names: KnownNames): void {
  const watch = new GroupWatch(desk);

  app.get('/groups', async (request, reply) => {
    const [groups, holders, health] = await Promise.all([
      names.groupRecords(),
      watch.holderCounts(),
      request.health,
    ]);
    const body = <Groups groups={groups} holders={holders} zone={zoneIn(health)} />;
    return answerPage(request, reply, words.space.groups.title, body, 'space');
  });

  app.get<{ Params: { id: string }; Querystring: { page?: string } }>(
    '/groups/:id',
    async (request, reply) => {
      const groupId = /^[1-9]\d{0,14}$/.test(request.params.id) ? Number(request.params.id) : null;
      if (groupId === null) return notFound(request, reply);
      const [groups, read, health] = await Promise.all([
        names.groupRecords(),
        readGroup(watch, groupId),
        request.health,
      ]);
      const group = groupIn(groups.value, groupId);
      // Where Kisi was not read, the group may be there all the same.
      if (group === null && groups.value !== null && isUnknown(read.facts)) return notFound(request, reply);
      const byName = new Map((groups.value ?? []).map(({ id, name }) => [id, name]));
      const naming = {
        people: desk.people ?? null,
        groups: byName,
        zone: zoneIn(health),
        zones: zonesIn(health),
      };
      const page = /^[1-9]\d{0,5}$/.test(String(request.query.page)) ? Number(request.query.page) : 1;
      const body = <Group id={groupId} group={group} {...read} naming={naming} page={page} />;
      return answerPage(request, reply, groupWords(groupId, byName), body, 'space');
    },
  );
}

/** What is known of a group; `problem`: why nothing is. */
interface ReadGroup {
  facts: GroupFacts | null;
  problem: string | null;
}

async function readGroup(watch: GroupWatch, groupId: number): Promise<ReadGroup> {
  try {
    return { facts: await watch.group(groupId), problem: null };
  } catch (error) {
    return { facts: null, problem: failureOf(error).lines.join(' ') };
  }
}

function isUnknown(facts: GroupFacts | null): boolean {
  return facts === null || facts.holders.length + facts.lost.length === 0;
}

function notFound(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  return answerPage(request, reply.code(404), words.notFound.title, <p>{words.notFound.text}</p>);
}
