// Checked by `tsc --noEmit`: all of it must compile, except where it says that an error is expected.
import { Readable } from 'node:stream';
import { map, of } from 'rxjs';
import {
  type Application,
  type ApplicationOptions,
  type Auth,
  Authorize,
  Body,
  type CallHandler,
  type CancelReason,
  type CancelScope,
  Catch,
  Controller,
  createApp,
  createParamDecorator,
  type Filter,
  Get,
  type Guard,
  Header,
  HttpCode,
  type Interceptor,
  Module,
  Param,
  ParseIntPipe,
  type PipeTransform,
  Query,
  RequestContext,
  SetMetadata,
  Timeout,
  token,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from 'rockstar-web';
import { createTestApp, type InProcessResponse, ManualClock, override } from 'rockstar-web/testing';

class Open implements Guard {
  canActivate(context: RequestContext) {
    return context.isAuthenticated();
  }
}

class Closed implements Guard {
  // @ts-expect-error a guard answers yes or no
  canActivate() {
    return 'no';
  }
}

class Wrap implements Interceptor {
  intercept(_context: RequestContext, next: CallHandler) {
    return next.handle().pipe(map((data) => ({ data })));
  }
}

class Unwrapped implements Interceptor {
  // @ts-expect-error an interceptor gives an Observable
  intercept() {
    return 'plain';
  }
}

@Catch(RangeError, TypeError)
class Errors implements Filter {
  catch(error: RangeError | TypeError, context: RequestContext) {
    context.status = 422;
    return { message: error.message };
  }
}

class Trim implements PipeTransform<string, string> {
  transform(value: string) {
    return value.trim();
  }
}

const User = createParamDecorator((_data, context) => context.user);
const Named = createParamDecorator<string>((name, context) => context.query[name ?? '']);
const Field = createParamDecorator((name: string, context: RequestContext) => context.header(name));
const Tenant = createParamDecorator((name: string | undefined, context) => context.header(name ?? 'x-tenant'));

@Controller('/things')
@UseGuards(Open, new Open(), { canActivate: () => of(true) })
@UseInterceptors(Wrap)
@UseFilters(Errors)
@Authorize('things', 'use')
@Header('x-a', 'b')
export class Things {
  @Get('/:id')
  @Timeout(1_000)
  @HttpCode(202)
  @UsePipes(Trim, new ParseIntPipe({ optional: true }))
  @SetMetadata('key', { any: 'thing' })
  one(
    @Param('id', ParseIntPipe) _id: number,
    @Query() _all: Record<string, string>,
    @Body() _stream: Readable,
    @User() _user: unknown,
    @Named('name', Trim) _name: string,
    // @ts-expect-error it takes a text
    @Named(7) _number: string,
    @Field('x-a', Trim) _field: string,
    @Tenant() _tenant: string,
    // @ts-expect-error it does not do without a name
    @Field() _nameless: string,
    // @ts-expect-error nor with a number
    @Tenant(7) _seventh: string,
  ): void {}

  // @ts-expect-error milliseconds are a number
  @Timeout('1s')
  // @ts-expect-error so is a status
  @HttpCode('202')
  // @ts-expect-error a header has a value
  @Header('x-a')
  // @ts-expect-error that is no guard
  @UseGuards({ canActive: () => true })
  // @ts-expect-error that is no interceptor
  @UseInterceptors(Open)
  // @ts-expect-error a permission is for an action
  @Authorize('things')
  wrong(): void {}
}

// @ts-expect-error a route is a method
@Get('/')
export class NoRoute {}

export class NoController {
  // @ts-expect-error a controller is a class
  @Controller('/')
  method(): void {}
}

export function context(it: RequestContext): unknown {
  const version: '1.1' | '2.0' = it.httpVersion;
  const left: number | undefined = it.remainingMs;
  const id: string | undefined = it.param('id');
  const values: string | string[] | undefined = it.query.name;
  const signal: AbortSignal = it.finishing;
  using scope: CancelScope = it.withTimeout(100);
  it.cancelled$.subscribe((reason: CancelReason) => reason);
  it.json(200, { any: 'thing' });
  it.text(200, 'text');
  it.redirect('/', 308);
  it.stream(of(1, 2));
  it.setHeader('x-a', ['b', 'c']);
  it.setCookie('a', 'b', { maxAge: 1 });
  // @ts-expect-error a text comes with its status
  it.text('text');
  // @ts-expect-error a number is no stream
  it.stream(7);
  // @ts-expect-error who is asking is unknown until somebody looks
  const name: string = it.user.name;
  // @ts-expect-error the method is the request's
  it.method = 'PUT';
  return [version, left, id, values, signal, scope, name];
}

@Module({ controllers: [Things] })
class App {}

const LIMIT = token<number>('limit');

export async function application(): Promise<Application> {
  const auth: Auth = {
    authenticate: async (it) => it.header('authorization'),
    permits: (_user, resource) => resource === 'things',
  };
  const options: ApplicationOptions = {
    http2: 'h2c',
    auth,
    guards: [Open],
    filters: [new Errors()],
    clock: new ManualClock(),
    logger: false,
  };
  const app = await createApp(App, options);
  const limit: number = app.resolve(LIMIT);
  // @ts-expect-error a limit is a number
  const text: string = app.resolve(LIMIT);
  // @ts-expect-error there is no such option
  await createApp(App, { htp2: true });
  // @ts-expect-error a size is a number
  await createApp(App, { bodyLimitBytes: '1mb' });
  // @ts-expect-error that is no guard
  await createApp(App, { guards: [Errors] });
  // @ts-expect-error a module is a class
  await createApp({});
  return [limit, text].length > 0 ? app : createApp(App);
}

export async function testing(): Promise<InProcessResponse> {
  const app = await createTestApp(App, {
    overrides: [override(LIMIT).useValue(3), override(Open).useClass(Open)],
    prefix: '/api',
  });
  const leaks: string[] = app.leaks();
  // @ts-expect-error a request has a url
  await app.request({ method: leaks[0] });
  return app.request({ url: '/', headers: { a: ['b'] }, body: { any: 'thing' }, signal: new AbortController().signal });
}

export const unused = [Closed, Unwrapped];
