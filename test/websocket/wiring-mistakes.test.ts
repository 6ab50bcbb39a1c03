import {
  ApiProperty,
  Body,
  Controller,
  Get,
  Header,
  HijackedConnection,
  HttpCode,
  OnClose,
  OnMessage,
  OnOpen,
  Param,
  Render,
  Returns,
  Use,
  UseGuards,
  WebSocket,
  WebSocketRooms,
  WebSocketSession,
} from 'rockstar-web';
import { inspectApplication, Module } from 'rockstar-web';
import type { ConcreteClass } from '../../lib/metadata/slot';
import { appOf, mistakesOf } from '../testing/app-of';

class Plain {
  text!: string;
}

class Described {
  @ApiProperty() text!: string;
}

@WebSocket('/empty')
class Empty {
  @OnClose()
  gone() {}
}

@WebSocket('/mixed')
@Controller('/mixed')
class Mixed {
  @OnMessage()
  any() {}

  @Get()
  get() {}
}

@Controller()
class Undecorated {
  @Get('/')
  get() {}

  @OnMessage('say')
  say() {}
}

@WebSocket('/hooks')
class Hooks {
  onOpen() {}
  onClose() {}

  @OnMessage()
  onMessage() {}
}

@WebSocket('/static')
class Static {
  @OnMessage()
  static say() {}

  @OnMessage('property')
  declare property: () => void;
}

@WebSocket('/twice')
class Twice {
  @OnMessage('say') one() {}
  @OnMessage('say') other() {}
  @OnMessage() any() {}
  @OnMessage() all() {}
  @OnOpen() open() {}
  @OnOpen() opened() {}
}

@WebSocket('/parameters')
class Parameters {
  @OnMessage('text') text(_message: string) {}
  @OnMessage('number') number(_message: number) {}
  @OnMessage('two') two(_message: Plain, _more: Plain) {}
  @OnMessage('body') body(@Body() _body: Plain) {}
  @OnMessage('raw') raw(_connection: HijackedConnection) {}
  @OnMessage('path') path(@Param('room') _room: string) {}
  @OnMessage() list(_message: unknown[]) {}
  @OnOpen() open(_message: Plain) {}
}

@WebSocket('/decorators')
@HttpCode(202)
class Decorators {
  @OnMessage('a') @HttpCode(201) a() {}
  @OnMessage('b') @Header('x-a', 'b') b() {}
  @OnMessage('c') @Render('page.html') c() {}
  @OnMessage('d') @Use((_request, _response, next) => next()) d() {}
  @OnMessage('e') @UseGuards(undefined as never) e() {}
  @OnMessage('f') @Returns(Described) f() {}
}

@WebSocket('/options', {
  pingIntervalMs: -1,
  bufferLimitBytes: 1.5,
  backpressure: 'drop' as never,
  allowedOrigins: ['https://a.test/'],
  protocols: ['not a token'],
  permessageDeflate: { level: 9 } as never,
  maxConection: 7,
} as never)
class Options {
  @OnMessage() any() {}
}

@WebSocket('/same')
class Same {
  @OnMessage() any() {}
}

@Controller()
class SamePath {
  @Get('/same')
  get() {}
}

@Controller()
class SessionOnRoute {
  @Get('/')
  get(_socket: WebSocketSession) {}
}

describe('mistakes of wiring', () => {
  const told = async (controllers: readonly ConcreteClass[], options = {}) =>
    (await mistakesOf(controllers, options)).map(({ code, message }) => `${code} ${message}`);

  it.each<[string, readonly ConcreteClass[], readonly RegExp[]]>([
    ['a class that answers nothing', [Empty], [/^WEBSOCKET_EMPTY .*Empty/]],
    ['a class that is both', [Mixed], [/^WEBSOCKET_MIXED .*@Controller/, /^WEBSOCKET_MIXED .*routes/]],
    ['a method whose class has no @WebSocket', [Undecorated], [/^WEBSOCKET_MISSING .*Undecorated\.say has @OnMessage\(\)/]],
    ['hooks that are none', [Hooks], [/Hooks\.onOpen .*@OnOpen\(\)/, /Hooks\.onClose .*@OnClose\(\)/]],
    ['what is no method', [Static], [/Static\.say is static/, /Static\.property is a property/]],
    [
      'messages that two methods take',
      [Twice],
      [
        /Twice\.other and Twice\.one both take messages of type "say"/,
        /Twice\.all and Twice\.any/,
        /Twice\.opened and Twice\.open/,
      ],
    ],
    [
      'parameters that nothing fills',
      [Parameters],
      [
        /Parameters\.text parameter 0: .*no String holds/,
        /Parameters\.number parameter 0: a Number holds no message/,
        /Parameters\.two parameter 1: nothing fills a Plain/,
        /Parameters\.body parameter 0: a WebSocket has no body/,
        /Parameters\.raw parameter 0: a HijackedConnection is of a request/,
        /ROUTE_PARAMETER_UNKNOWN.*Parameters\.path/,
        /Parameters\.list parameter 0: a Array holds no message/,
        /Parameters\.open parameter 0: nothing fills a Plain/,
      ],
    ],
    [
      'decorators about responses',
      [Decorators],
      [
        /@HttpCode of Decorators\.a /,
        /@Header of Decorators\.b /,
        /Decorators\.c makes a page/,
        /@Use of Decorators\.d /,
        /HOOK_INVALID.*Decorators\.e/,
        /@Returns of Decorators\.f /,
        /@HttpCode of Decorators is/,
      ],
    ],
    [
      'options that are none',
      [Options],
      [
        /option pingIntervalMs of @WebSocket\(\) of Options takes a whole number of milliseconds, 0 or more, got -1/,
        /bufferLimitBytes/,
        /backpressure .*'cut', 'skip' or 'wait', got "drop"/,
        /allowedOrigins .*https:\/\/app\.example\.com, without a path/,
        /protocols/,
        /permessageDeflate/,
        /WEBSOCKET_OPTION_UNKNOWN.*maxConection.*Did you mean maxConnections/,
      ],
    ],
    ['a path that a route has, too', [Same, SamePath], [/^ROUTE_/]],
    ['a session on a route of HTTP', [SessionOnRoute], [/^ROUTE_PARAMETER_UNDECLARED .*WebSocketSession/]],
  ])('tells of %s', async (_, controllers, patterns) => {
    const mistakes = await told(controllers);
    for (const pattern of patterns) expect(mistakes).toEqual(expect.arrayContaining([expect.stringMatching(pattern)]));
    expect(mistakes.length).toBeGreaterThanOrEqual(patterns.length);
  });

  it('tells of the option of the application', async () => {
    expect(await told([Same], { websocket: { missedPings: 0, ping: 1 } })).toEqual([
      expect.stringMatching(/missedPings of the option websocket takes a whole number of pings, 1 or more, got 0/),
      expect.stringMatching(/the option websocket does not know the option ping/),
    ]);
  });

  it('knows no rooms of a class that has none', async () => {
    const app = await appOf([Same]);
    expect(() => app.resolve(WebSocketRooms).of(Plain)).toThrow(/WEBSOCKET_UNKNOWN: Plain/);
    expect(app.resolve(WebSocketRooms).of(Same).names).toEqual([]);
  });
});

it('is listed with the routes, and what it handles', async () => {
  @WebSocket('/listed')
  class Listed {
    @OnMessage('say') say() {}
    @OnMessage() any() {}
    @OnOpen() open() {}
  }

  @Module({ controllers: [Listed] })
  class ListedModule {}

  const { routes, mistakes } = await inspectApplication(ListedModule, { prefix: '/api' });
  expect(mistakes).toEqual([]);
  expect(routes).toMatchObject([{ method: 'GET', path: '/api/listed', place: 'Listed', notes: { websocket: ['say', '(any)'] } }]);
});
