/** What people do in the simulated space, and what happens to it: in the tour of the demo, and by `latchkey play`. */
import Fastify from 'fastify';
import { z } from 'zod';
import type { KisiSimulator } from '../../simulators/kisi.js';
import type { NexudusSimulator } from '../../simulators/nexudus.js';
import type { TwoCities } from '../../simulators/two-cities.js';
import { acts, type Play } from './play.js';

/** The e-mail of a person in the demo. */
export const emailOf = (name: string): string => `${name.toLowerCase()}@example.com`;

/** What was asked cannot be played. The message says why, and what to do. */
class Unplayable extends Error {
  override readonly name = 'Unplayable';
}

/** How soon the worker of the demo sees what was played. */
const noticed = 'Latchkey notices within 10 seconds.';
const play = z.object({ act: z.enum(acts), who: z.string() });

/** The people of the demo, by their first names, and its two APIs. */
export class Playground {
  constructor(
    private readonly nexudus: NexudusSimulator,
    private readonly kisi: KisiSimulator,
    private readonly ids: TwoCities,
  ) {}

  /** Takes plays in by HTTP, on this machine only. Answers where, and how to end that. */
  async listen(): Promise<{ url: string; stop: () => Promise<void> }> {
    const app = Fastify({ forceCloseConnections: true });
    app.post('/play', (request, reply) => {
      try {
        return { says: this.play(play.parse(request.body)) };
      } catch (error) {
        if (error instanceof Unplayable) return reply.code(422).send({ says: error.message });
        throw error;
      }
    });
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    return { url: `${url}/play`, stop: () => app.close() };
  }

  /** Does what was asked, and says what it did. Throws where that is not possible. */
  play({ act, who }: Play): string {
    if (act === 'kisi' || act === 'nexudus') return this.turn(act, who);
    if (!/^[a-z]{2,30}$/i.test(who)) throw new Unplayable('NAME must be a first name, such as frank');
    const name = who.charAt(0).toUpperCase() + who.slice(1).toLowerCase();
    return `${this[act](name)} ${noticed}`;
  }

  /** A new member in Rome, with a plan that gives a pass a day. */
  join(name: string): string {
    if (this.find(name) !== undefined) throw new Unplayable(`${name} is a member already`);
    const { rome, plans } = this.ids;
    this.subscribe(this.addMember(name, rome), plans.romeUnlimited, rome);
    return `${name} joins in Rome with the plan "Unlimited".`;
  }

  /** A day pass in Rome, whether this is a member yet or not. */
  buy(name: string): string {
    const CoworkerId = this.find(name) ?? this.addMember(name, this.ids.rome);
    const { romeDay } = this.ids.passTypes;
    this.nexudus.space.addPass({ CoworkerId, TimePassId: romeDay, BusinessId: this.ids.rome });
    return `${name} buys a day pass in Rome.`;
  }

  /** The newest pass that is left. */
  use(name: string): string {
    const id = this.idOf(name);
    const passes = this.nexudus.space.list('coworkertimepasses');
    const pass = passes.filter((one) => one.CoworkerId === id && !one.Used).at(-1);
    if (pass === undefined)
      throw new Unplayable(`${name} has no pass left: npx latchkey --demo play buy ${name.toLowerCase()}`);
    this.nexudus.space.usePass(pass.Id);
    return `${name} uses a pass up.`;
  }

  suspend(name: string): string {
    this.nexudus.space.suspend(this.idOf(name));
    return `${name} is suspended.`;
  }

  admit(name: string): string {
    this.nexudus.space.update('coworkers', this.idOf(name), { Active: true });
    return `${name} may come again.`;
  }

  /** Has an API refuse everything, or work again. */
  turn(api: 'kisi' | 'nexudus', way: string): string {
    const [name, { faults }] = api === 'kisi' ? ['Kisi', this.kisi] : ['Nexudus', this.nexudus];
    if (way !== 'down' && way !== 'up') throw new Unplayable(`say whether ${name} is down or up`);
    faults.clear();
    if (way === 'up') return `${name} works again.`;
    faults.add({ match: '.*', kind: 'status', status: 503 });
    return `${name} answers everything by 503 until: npx latchkey --demo play ${api} up`;
  }

  /** A member without a plan or a pass. Answers the id. */
  addMember(name: string, home: number): number {
    const person = { FullName: name, Email: emailOf(name), InvoicingBusinessId: home };
    return this.nexudus.space.addCoworker(person).Id;
  }

  /** A contract with the passes of its first period. */
  subscribe(CoworkerId: number, TariffId: number, IssuedById: number): void {
    const { space } = this.nexudus;
    space.renew(space.addContract({ CoworkerId, TariffId, IssuedById }).Id);
  }

  /** The id of a member. Throws where nobody has this name. */
  idOf(name: string): number {
    const id = this.find(name);
    if (id !== undefined) return id;
    throw new Unplayable(
      `nobody here is called ${name}: npx latchkey --demo play join ${name.toLowerCase()}`,
    );
  }

  private find(name: string): number | undefined {
    return this.nexudus.space.list('coworkers').find((coworker) => coworker.FullName === name)?.Id;
  }
}
