/** Hostile input, hostile people, a crowd and a lost database: nothing runs, nobody gets in, nothing is lost. */
import { AttackedDesk } from './attacked-desk.js';
import { tryCrowd } from './crowd.js';
import { tryInput } from './input-tries.js';
import { tryLostDatabase } from './lost-database.js';
import { tryStrangers } from './stranger-tries.js';

describe('desk: what is hostile', function () {
  this.timeout(300_000);
  const desk = new AttackedDesk();
  before(() => desk.start());
  after(() => desk.stop());

  describe('input', () => {
    tryInput(desk);
  });
  describe('people', () => {
    tryStrangers(desk);
  });
  describe('a crowd', () => {
    tryCrowd(desk);
  });
  describe('a database', () => {
    tryLostDatabase(desk);
  });
});
