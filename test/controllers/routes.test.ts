import {
  All,
  Controller,
  Delete,
  Get,
  Head,
  Header,
  HttpCode,
  Injectable,
  Options,
  Patch,
  Post,
  Put,
  RequestContext,
  SetMetadata,
  UseGuards,
} from 'rockstar-web';
import { appOf, ask, failureOf } from '../testing/app-of';

describe('a route', () => {
  @Controller('/things')
  class Things {
    @Get('/')
    list() {
      return ['list'];
    }

    @Post('/')
    add() {
      return ['add'];
    }

    @Put('/')
    replace() {
      return ['replace'];
    }

    @Patch('/')
    change() {
      return ['change'];
    }

    @Delete('/')
    remove() {
      return ['remove'];
    }
  }

  it.each([
    ['GET', 200, 'list'],
    ['POST', 201, 'add'],
    ['PUT', 200, 'replace'],
    ['PATCH', 200, 'change'],
    ['DELETE', 200, 'remove'],
  ])('answers %s with %i', async (method, status, name) => {
    const response = await ask(Things, { method, url: '/things' });
    expect(response.status).toBe(status);
    expect(response.json()).toEqual([name]);
    expect(response.headers['content-type']).toBe('application/json; charset=utf-8');
  });

  it('answers HEAD as GET without its body, and OPTIONS with what is allowed', async () => {
    const app = await appOf([Things]);
    const head = await app.request({ method: 'HEAD', url: '/things' });
    expect([head.status, head.text(), head.headers['content-length']]).toEqual([200, '', '8']);
    const options = await app.request({ method: 'OPTIONS', url: '/things' });
    expect([options.status, options.headers.allow]).toEqual([204, 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT']);
  });

  it('answers another method with 405 and what is allowed, and another path with 404', async () => {
    @Controller('/things')
    class OnlyList {
      @Get('/')
      list() {
        return [];
      }
    }
    const app = await appOf([OnlyList]);
    const wrongMethod = await app.request({ method: 'POST', url: '/things' });
    expect([wrongMethod.status, wrongMethod.headers.allow]).toEqual([405, 'GET, HEAD, OPTIONS']);
    expect(failureOf(wrongMethod).code).toBe('ROUTE_METHOD_NOT_ALLOWED');
    const wrongPath = await app.request({ url: '/thing' });
    expect([wrongPath.status, failureOf(wrongPath).code]).toEqual([404, 'ROUTE_NOT_FOUND']);
    expect(wrongPath.headers['content-type']).toBe('application/problem+json');
  });

  it('has the last word with HEAD and OPTIONS of its own, and @All answers what nothing else does', async () => {
    @Controller('/own')
    class Own {
      @Get('/')
      get() {
        return 'get';
      }

      @Head('/')
      head(context: RequestContext) {
        context.setHeader('x-head', 'own');
      }

      @Options('/')
      options(context: RequestContext) {
        context.setHeader('x-options', 'own');
        context.status = 200;
      }

      @All('/rest')
      rest(context: RequestContext) {
        return `all ${context.method}`;
      }

      @Get('/rest')
      getRest() {
        return 'its own';
      }
    }
    const app = await appOf([Own]);
    expect((await app.request({ method: 'HEAD', url: '/own' })).headers['x-head']).toBe('own');
    const options = await app.request({ method: 'OPTIONS', url: '/own' });
    expect([options.status, options.headers['x-options']]).toEqual([200, 'own']);
    expect((await app.request({ method: 'PUT', url: '/own/rest' })).text()).toBe('all PUT');
    expect((await app.request({ method: 'POST', url: '/own/rest' })).status).toBe(201);
    expect((await app.request({ url: '/own/rest' })).text()).toBe('its own');
  });

  it('may be one of several of its method, and stands behind the prefixes of the application and the controller', async () => {
    @Controller('v1/')
    class Several {
      @Get('/a')
      @Get('b/')
      @Post('/c')
      several(context: RequestContext) {
        return context.route;
      }

      @Get()
      root(context: RequestContext) {
        return context.path;
      }
    }
    const app = await appOf([Several], { prefix: '/api' });
    expect((await app.request({ url: '/api/v1/a' })).json()).toEqual({ pattern: '/api/v1/a', handler: 'Several.several' });
    expect((await app.request({ url: '/api/v1/b' })).json()).toMatchObject({ pattern: '/api/v1/b' });
    expect((await app.request({ method: 'POST', url: '/api/v1/c' })).status).toBe(201);
    expect((await app.request({ url: '/api/v1/' })).text()).toBe('/api/v1/');
    expect((await app.request({ url: '/v1/a' })).status).toBe(404);
    // Whoever runs the application finds its health where it always is.
    expect((await app.request({ url: '/health/live' })).status).toBe(200);
  });

  it('sees a trailing slash as none, and letter case as what it is', async () => {
    const app = await appOf([Things]);
    expect((await app.request({ url: '/things/' })).status).toBe(200);
    expect((await app.request({ url: '/Things' })).status).toBe(404);
  });
});

describe('what is said beside a route', () => {
  it('is a status, headers and metadata; the method has the last word over its class', async () => {
    @Controller('/said')
    @Header('X-From', 'class')
    @Header('X-Class', 'yes')
    @HttpCode(202)
    @SetMetadata('who', 'class')
    class Said {
      @Get('/class')
      ofClass(context: RequestContext) {
        return context.metadata('who');
      }

      @Get('/method')
      @SetMetadata('who', 'method')
      @HttpCode(203)
      @Header('x-from', 'method')
      ofMethod(context: RequestContext) {
        return context.metadata('who');
      }
    }
    const app = await appOf([Said]);
    const one = await app.request({ url: '/said/class' });
    expect([one.status, one.text(), one.headers['x-from'], one.headers['x-class']]).toEqual([202, 'class', 'class', 'yes']);
    const other = await app.request({ url: '/said/method' });
    expect([other.status, other.text(), other.headers['x-from'], other.headers['x-class']]).toEqual([
      203,
      'method',
      'method',
      'yes',
    ]);
  });

  it('gives way to what the handler says: one header of a name, also for the content type', async () => {
    @Controller()
    class Types {
      @Get('/csv')
      @Header('Content-Type', 'text/csv')
      csv() {
        return 'a,b';
      }

      @Get('/both')
      @Header('content-type', 'text/csv')
      @Header('cache-control', 'max-age=60')
      both(context: RequestContext) {
        context.setHeader('Content-Type', 'text/html');
        context.setHeader('Cache-Control', 'no-store');
        return '<p>';
      }
    }
    const app = await appOf([Types]);
    expect((await app.request({ url: '/csv' })).headers['content-type']).toBe('text/csv');
    const both = await app.request({ url: '/both' });
    expect([both.headers['content-type'], both.headers['cache-control']]).toEqual(['text/html', 'no-store']);
  });

  it('is not what a failure is sent with, where the failure says otherwise', async () => {
    @Controller()
    class Fails {
      @Get('/')
      @Header('content-type', 'text/csv')
      @Header('cache-control', 'max-age=60')
      fails(): string {
        throw new Error('no');
      }
    }
    const response = await ask(Fails, { url: '/' });
    expect([response.status, response.headers['content-type'], response.headers['cache-control']]).toEqual([
      500,
      'application/problem+json',
      'no-store',
    ]);
  });
});

describe('a controller that extends another', () => {
  @Injectable()
  class Suffix {
    readonly text = '!';
  }

  @Injectable()
  abstract class Base {
    constructor(readonly suffix: Suffix) {}

    @Get('/hello')
    hello() {
      return `hello from ${this.name()}${this.suffix.text}`;
    }

    @Get('/overridden')
    @Header('x-base', 'yes')
    overridden(context: RequestContext) {
      return `base ${context.path}`;
    }

    abstract name(): string;
  }

  @Controller('/one')
  class One extends Base {
    name() {
      return 'one';
    }

    override overridden(context: RequestContext) {
      return `one ${context.path}`;
    }

    @Get('/more')
    more() {
      return 'more';
    }
  }

  @Controller('/two')
  @UseGuards({ canActivate: () => false })
  class Two extends Base {
    name() {
      return 'two';
    }
  }

  it('has its routes, with its own methods, and neither guards nor routes of its siblings', async () => {
    const app = await appOf([One, Two], { providers: [Suffix] });
    expect((await app.request({ url: '/one/hello' })).text()).toBe('hello from one!');
    const overridden = await app.request({ url: '/one/overridden' });
    expect([overridden.text(), overridden.headers['x-base']]).toEqual(['one /one/overridden', 'yes']);
    expect((await app.request({ url: '/one/more' })).text()).toBe('more');
    expect((await app.request({ url: '/two/hello' })).status).toBe(403);
    expect((await app.request({ url: '/two/more' })).status).toBe(404);
  });
});
