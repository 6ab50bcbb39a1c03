import { IsString, registerDecorator } from 'class-validator';
import fc from 'fast-check';
import { map, mergeMap, of, timer } from 'rxjs';
import {
  type ApplicationOptions,
  type ArgumentMetadata,
  Authorize,
  Body,
  type CallHandler,
  Controller,
  type Filter,
  type Guard,
  type Interceptor,
  type PipeTransform,
  Post,
  RequestContext,
  Timeout,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from 'rockstar-web';
import { ManualClock } from 'rockstar-web/testing';
import { type RouteDecorator, shapeRoute } from '../../lib/controllers/route-draft';
import { gate } from '../support/soon';
import { type Answer, type Client, doors, moduleOf, type Served, serveOn } from './doors';

/** What ran, in the order it ran. */
let trace: string[] = [];

type Pace = 'in one tick' | 'each step later';

/** What a step gives: at once, or a little later. */
function paced<T>(pace: Pace, value: T): T | Promise<T> {
  return pace === 'in one tick' ? value : new Promise((resolve) => setImmediate(() => resolve(value)));
}

function guard(name: string, pace: Pace): Guard {
  return {
    canActivate() {
      trace.push(`guard ${name}`);
      return paced(pace, true);
    },
  };
}

function pipe(name: string, pace: Pace): PipeTransform {
  return {
    transform(value: unknown, { source }: ArgumentMetadata) {
      trace.push(`pipe ${name} of ${source}`);
      return paced(pace, value);
    },
  };
}

function interceptor(name: string, pace: Pace): Interceptor {
  return {
    intercept(_context: RequestContext, next: CallHandler) {
      trace.push(`interceptor ${name}`);
      const after = next.handle().pipe(
        map((value) => {
          trace.push(`interceptor ${name} is left`);
          return value;
        }),
      );
      return pace === 'in one tick' ? after : timer(0).pipe(mergeMap(() => after));
    },
  };
}

/** Passes every error on, to the filter outside of it. */
function filter(name: string): Filter {
  return {
    catch(error: unknown) {
      trace.push(`filter ${name}`);
      throw error;
    },
  };
}

/** What push and breaker will do, by the phases that are theirs. */
function push(pace: Pace): RouteDecorator {
  return shapeRoute((draft) => {
    const run = (): unknown => {
      trace.push('push');
      return paced(pace, undefined);
    };
    draft.before.push({ phase: 'push', run });
  });
}

function breaker(pace: Pace): RouteDecorator {
  return shapeRoute((draft) => {
    const run = (_exchange: unknown, next: () => unknown): unknown => {
      trace.push('breaker');
      const waiting = paced(pace, undefined);
      return waiting === undefined ? next() : waiting.then(() => next());
    };
    draft.around.push({ phase: 'breaker', run });
  });
}

/** A validator that is asked. */
const Traced: PropertyDecorator = (target, propertyName) => {
  const validate = (): boolean => trace.push('validation') > 0;
  registerDecorator({ target: target.constructor, propertyName: String(propertyName), validator: { validate } });
};

class Note {
  @IsString()
  @Traced
  text!: string;
}

const DECORATORS = 9;

/** A controller whose route carries the decorators in a given order, top to bottom. */
function makeController(path: string, order: readonly number[], pace: Pace) {
  @UseFilters(filter('of the class'))
  @UseInterceptors(interceptor('of the class', pace))
  @UsePipes(pipe('of the class', pace))
  @UseGuards(guard('of the class', pace))
  @Controller(path)
  class Notes {
    create(@Body(pipe('of the parameter', pace)) note: Note, context: RequestContext): unknown {
      trace.push('handler');
      if (note.text === 'fail') throw new Error('the handler fails');
      return pace === 'in one tick' ? { text: note.text, ok: context.isAuthenticated() } : of({ text: note.text, ok: true });
    }
  }
  const decorators: readonly ((target: object, member: string) => void)[] = [
    Post('/'),
    UseGuards(guard('one of the method', pace), guard('two of the method', pace)),
    UsePipes(pipe('of the method', pace)),
    UseInterceptors(interceptor('one of the method', pace), interceptor('two of the method', pace)),
    UseFilters(filter('of the method')),
    Authorize('notes', 'create'),
    Timeout(1_000),
    push(pace),
    breaker(pace),
  ];
  for (const at of [...order].reverse()) decorators[at](Notes.prototype, 'create');
  return Notes;
}

function options(pace: Pace): ApplicationOptions {
  return {
    guards: [guard('of the application', pace)],
    interceptors: [interceptor('of the application', pace)],
    filters: [filter('of the application')],
    pipes: [pipe('of the application', pace)],
    auth: {
      authenticate(context) {
        trace.push('authentication');
        return paced(pace, context.header('authorization') === undefined ? undefined : { name: 'ann' });
      },
      permits() {
        trace.push('permission');
        return paced(pace, true);
      },
    },
  };
}

const WAY_IN = [
  'authentication',
  'guard of the application',
  'guard of the class',
  'guard one of the method',
  'guard two of the method',
  'permission',
  'pipe of the application of body',
  'pipe of the class of body',
  'pipe of the method of body',
  'pipe of the parameter of body',
  'validation',
  'push',
  'breaker',
  'interceptor of the application',
  'interceptor of the class',
  'interceptor one of the method',
  'interceptor two of the method',
  'handler',
];
const WAY_OUT = [
  'interceptor two of the method is left',
  'interceptor one of the method is left',
  'interceptor of the class is left',
  'interceptor of the application is left',
];
const FILTERS = ['filter of the method', 'filter of the class', 'filter of the application'];

const IN_ORDER = Array.from({ length: DECORATORS }, (_, at) => at);

/** The same order, the reverse, and others drawn once and for all. */
const ORDERS: readonly (readonly number[])[] = [
  IN_ORDER,
  [...IN_ORDER].reverse(),
  ...fc.sample(fc.shuffledSubarray(IN_ORDER, { minLength: DECORATORS }), { numRuns: 12, seed: 20 }),
];

describe.each(doors)('the order of steps over $name', ({ connect }) => {
  describe.each<Pace>(['in one tick', 'each step later'])('%s', (pace) => {
    let served: Served;
    let client: Client;

    beforeAll(async () => {
      const controllers = ORDERS.map((order, at) => makeController(`/notes-${at}`, order, pace));
      served = await serveOn(moduleOf(controllers), options(pace));
      client = await connect(served.url);
    });

    afterAll(async () => {
      await client.close();
      await served.app.close();
    });

    const create = (at: number, body: string, headers: Record<string, string> = { authorization: 'ann' }): Promise<Answer> => {
      trace = [];
      return client.ask({
        method: 'POST',
        path: `/notes-${at}`,
        headers: { 'content-type': 'application/json', ...headers },
        body,
      });
    };

    it('is the same whatever the order of the decorators', async () => {
      for (const at of ORDERS.keys()) {
        const { status } = await create(at, '{"text":"hello"}');
        expect(status).toBe(201);
        expect(trace).toEqual([...WAY_IN, ...WAY_OUT]);
      }
    });

    it('ends at a handler that fails with the filters, inner first', async () => {
      for (const at of ORDERS.keys()) {
        const { status } = await create(at, '{"text":"fail"}');
        expect(status).toBe(500);
        expect(trace).toEqual([...WAY_IN, ...FILTERS]);
      }
    });

    it('ends at a body that is not valid before anything is pushed', async () => {
      const { status } = await create(0, '{"text":7}');
      expect(status).toBe(400);
      expect(trace).toEqual([...WAY_IN.slice(0, WAY_IN.indexOf('push')), ...FILTERS]);
    });

    it('ends before the body when nobody is known to be asking', async () => {
      const { status } = await create(0, 'no JSON at all', {});
      expect(status).toBe(401);
      expect(trace).toEqual([...WAY_IN.slice(0, WAY_IN.indexOf('permission')), ...FILTERS]);
    });
  });

  it('begins with the deadline: authentication that takes too long is answered with 504', async () => {
    const clock = new ManualClock();
    const known = gate();
    const asked = gate();
    const { app, url } = await serveOn(moduleOf([makeController('/notes', IN_ORDER, 'in one tick')]), {
      clock,
      auth: {
        authenticate: () => {
          asked.open();
          return known.promise;
        },
        permits: () => true,
      },
    });
    const client = await connect(url);
    const { answer } = client.begin({
      method: 'POST',
      path: '/notes',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    await asked.promise;
    await clock.advance(1_005);
    expect((await answer).status).toBe(504);
    known.open();
    await client.close();
    await app.close();
  });
});
