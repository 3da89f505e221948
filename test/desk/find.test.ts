import assert from 'node:assert/strict';
import axios from 'axios';
import type { DeskServer } from '../../desk/server.js';
import { startTestDesk } from '../support/desk.js';
import { startSpace, type RunningSpace } from '../support/space.js';

describe('desk: find', () => {
  let space: RunningSpace;
  let desk: DeskServer;
  before(async () => {
    space = await startSpace();
    desk = await startTestDesk(space);
  });
  after(async () => {
    await desk.close();
    await space.stop();
  });

  it('what was typed stands in the box, and is never markup', async () => {
    const { data } = await axios.get<string>(`${desk.url}/?q=${encodeURIComponent('"><script>x</script>')}`);
    assert.match(data, /value="&quot;&gt;&lt;script&gt;x&lt;\/script&gt;"/);
  });
});
