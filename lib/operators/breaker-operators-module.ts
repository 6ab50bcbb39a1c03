import type { Observable } from 'rxjs';
import { Controller } from '../controllers/controller';
import { createRouteParameter, Param, Query } from '../controllers/parameter';
import { Get, Header, HttpCode, Post, Sse } from '../controllers/route';
import type { RouteDecorator } from '../controllers/route-draft';
import { Logger } from '../diagnostics/logger';
import type { ServerEvent } from '../http/chunk-format';
import { rx } from '../lifetime/observable';
import type { ConcreteClass } from '../metadata/slot';
import { type DynamicModule, Module } from '../plugins/plugin';
import type { Breaker } from '../resilience/breaker';
import { type BreakerOperation, Breakers } from '../resilience/breakers';
import { decorated } from './decorated';
import { operatorsErrors } from './errors';
import { nameOfUser } from './name-of-user';

/** How the endpoints for operators are mounted. */
export interface BreakerOperatorsOptions {
  /** Default `/breakers`. */
  readonly path?: string;
  /** What lets operators in, and nobody else: `[Authorize('breakers', 'operate')]`, `[UseGuards(OperatorsOnly)]`. */
  readonly operate: readonly RouteDecorator[];
  /** What lets in who only looks. Default: as `operate`; `[]`: everybody may. */
  readonly read?: readonly RouteDecorator[];
}

/** What of a context is asked for. */
interface Asking {
  readonly user: unknown;
  readonly finishing$: Observable<void>;
}

/** Who asks, and until when. */
const Operator = createRouteParameter<unknown, Asking>((_, context) => context);

const OPERATIONS = { reset: 'reset', 'force-open': 'forceOpen', disable: 'disable', enable: 'enable' } as const satisfies Record<
  string,
  BreakerOperation
>;

/**
 * Endpoints over the circuit breakers of an application, for those who run it: `GET /breakers`, `GET /breakers/:name`,
 * `GET /breakers/events` (server-sent events, one for each transition), and `POST /breakers/:name/reset`, `force-open`,
 * `disable` and `enable`, each with `?key=` for the breaker of one key. Each change is a line in the log.
 *
 * Import it: `imports: [BreakerOperatorsModule.forRoot({ operate: [Authorize('breakers', 'operate')] })]`.
 */
@Module()
export class BreakerOperatorsModule {
  /** Fails with: OPERATORS_UNGUARDED, where nothing says who an operator is. */
  static forRoot({ path = '/breakers', operate, read = operate }: BreakerOperatorsOptions): DynamicModule {
    if (!Array.isArray(operate) || operate.length === 0)
      throw operatorsErrors.OPERATORS_UNGUARDED({ module: 'BreakerOperatorsModule' });
    return { module: BreakerOperatorsModule, controllers: [reading(path, read), operating(path, operate)] };
  }
}

function reading(path: string, read: readonly RouteDecorator[]): ConcreteClass {
  @Controller(path)
  class BreakerReports {
    constructor(readonly breakers: Breakers) {}

    @Get('/')
    @Header('cache-control', 'no-store')
    list() {
      return this.breakers.list();
    }

    @Sse('/events')
    events(@Operator() { finishing$ }: Asking) {
      const { map, takeUntil } = rx();
      return this.breakers.transitions$.pipe(
        // Who listens has nothing to finish when the application stops.
        takeUntil(finishing$),
        map((transition): ServerEvent => ({ event: 'transition', data: transition })),
      );
    }

    @Get('/:name')
    @Header('cache-control', 'no-store')
    one(@Param('name') name: string, @Query('key') key?: string) {
      return key === undefined ? toReport(name, this.breakers.expect(name)) : ofKey(this.breakers, name, key);
    }
  }
  return decorated(BreakerReports, read);
}

/** Fails with: BREAKER_UNKNOWN, OPERATORS_KEY_UNKNOWN (404). */
function ofKey(breakers: Breakers, name: string, key: string): Breaker {
  breakers.expect(name);
  const breaker = breakers.find(name, key);
  if (breaker === undefined) throw operatorsErrors.OPERATORS_KEY_UNKNOWN({ breaker: name, key });
  return breaker;
}

/** One breaker as it is; of several, which there are by key, each. */
function toReport(name: string, breakers: readonly Breaker[]): unknown {
  const [only, ...rest] = breakers;
  return only !== undefined && rest.length === 0 ? only : { name, breakers };
}

function operating(path: string, operate: readonly RouteDecorator[]): ConcreteClass {
  @Controller(path)
  class BreakerOperations {
    constructor(
      readonly breakers: Breakers,
      readonly logger: Logger,
    ) {}

    @Post('/:name/reset')
    @HttpCode(200)
    reset(@Param('name') name: string, @Operator() operator: Asking, @Query('key') key?: string) {
      return this.operate('reset', name, operator, key);
    }

    @Post('/:name/force-open')
    @HttpCode(200)
    forceOpen(@Param('name') name: string, @Operator() operator: Asking, @Query('key') key?: string) {
      return this.operate('force-open', name, operator, key);
    }

    @Post('/:name/disable')
    @HttpCode(200)
    disable(@Param('name') name: string, @Operator() operator: Asking, @Query('key') key?: string) {
      return this.operate('disable', name, operator, key);
    }

    @Post('/:name/enable')
    @HttpCode(200)
    enable(@Param('name') name: string, @Operator() operator: Asking, @Query('key') key?: string) {
      return this.operate('enable', name, operator, key);
    }

    private operate(operation: keyof typeof OPERATIONS, name: string, { user }: Asking, key: string | undefined): unknown {
      if (key !== undefined) ofKey(this.breakers, name, key);
      const breakers = this.breakers.operate(name, OPERATIONS[operation], key);
      this.logger.warn('an operator changed a circuit breaker', { breaker: name, key, operation, by: nameOfUser(user) });
      return toReport(name, breakers);
    }
  }
  return decorated(BreakerOperations, operate);
}
