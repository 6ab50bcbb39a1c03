import { Body, Controller, Get, Param, Post, RequestContext, Sse } from 'rockstar-web';
import { of } from 'rxjs';
import { createTestApp } from 'rockstar-web/testing';
import { soon } from '../support/soon';
import { type Ask, doors, moduleOf, QUIET } from './doors';

@Controller('/many')
class Many {
  @Get('/sync/:id')
  sync(@Param('id') id: number) {
    return { id };
  }

  @Get('/async/:id')
  async async(@Param('id') id: number, context: RequestContext) {
    void context.signal;
    await Promise.resolve();
    return { id };
  }

  @Get('/observable/:id')
  observable(@Param('id') id: number) {
    return of({ id });
  }

  @Post('/body')
  body(@Body() body: { id: number }) {
    return body;
  }

  @Sse('/events')
  events() {
    return of(1, 2);
  }
}

/** What is asked, over and over, and the status that is answered. */
const ASKS: readonly (readonly [Ask, number])[] = [
  [{ path: '/many/sync/1' }, 200],
  [{ path: '/many/async/2' }, 200],
  [{ path: '/many/observable/3' }, 200],
  [{ method: 'POST', path: '/many/body', headers: { 'content-type': 'application/json' }, body: '{"id":4}' }, 201],
  [{ path: '/many/events' }, 200],
  [{ path: '/many/sync/none' }, 400],
  [{ path: '/nowhere' }, 404],
  [{ method: 'HEAD', path: '/many/async/2' }, 200],
];

/** Over HTTP/2 the client here takes most of the time. */
const REQUESTS: Readonly<Record<string, number>> = { 'HTTP/1.1': 10_000, 'HTTP/2': 3_000 };

it.each(doors.map((door) => ({ ...door, requests: REQUESTS[door.name] })))(
  '$requests requests, one behind the other on one connection over $name, leave nothing',
  async ({ connect, requests }) => {
    const app = await createTestApp(moduleOf([Many]), QUIET);
    const client = await connect(await app.app.listen(0));
    const wrong: number[] = [];
    for (let n = 0; n < requests; n++) {
      const [ask, status] = ASKS[n % ASKS.length];
      if ((await client.ask(ask)).status !== status) wrong.push(n);
    }
    expect(wrong).toEqual([]);
    expect(app.leaks().filter((leak) => leak !== '1 open connections')).toEqual([]);
    await client.close();
    await soon(() => expect(app.leaks()).toEqual([]));
    await app.close();
  },
);
