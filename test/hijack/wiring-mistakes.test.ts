import { Controller, Get, Hijack } from 'rockstar-web';
import type { ConcreteClass } from '../../lib/metadata/slot';
import { mistakesOf } from '../testing/app-of';

@Controller()
class WithPath {
  @Hijack('/somewhere', { method: 'CONNECT', authority: 'a.test:443' })
  connect() {}
}

@Controller()
class WithAuthority {
  @Hijack('/a', { authority: 'a.test:443' } as object)
  get() {}

  @Hijack('/b', { method: 'POST', authority: 'a.test:443' } as object)
  post() {}
}

@Controller()
class NoProtocol {
  @Hijack('/a', { protocol: 'two words' })
  words() {}

  @Hijack('/b', { protocol: '' })
  empty() {}

  @Hijack('/c', { protocol: 7 as unknown as string })
  number() {}
}

@Controller()
class NoAuthority {
  @Hijack({ method: 'CONNECT', authority: ['a.test', 'a.*.test:1', 'a.test:65536', 'b.test:1'] })
  connect() {}

  @Hijack({ method: 'CONNECT' } as never)
  none() {}
}

@Controller()
class NoMethod {
  @Hijack('/a', { method: 'FETCH' } as never)
  fetch() {}
}

@Controller()
class NoNumber {
  @Hijack('/a', { maxConnections: -1 })
  negative() {}

  @Hijack({ method: 'CONNECT', authority: 'a.test:443', maxConnections: 1.5 })
  half() {}
}

@Controller('/twice')
class Twice {
  @Get('/')
  get() {
    return 'it';
  }

  @Hijack('/')
  hijack() {}

  @Hijack({ method: 'CONNECT', authority: 'a.test:443' })
  one() {}

  @Hijack({ method: 'CONNECT', authority: 'A.test:443' })
  other() {}
}

@Controller()
class Strays {
  @Hijack('/a')
  static stray() {}
}

describe('mistakes of wiring', () => {
  it.each<[string, ConcreteClass, readonly RegExp[]]>([
    [
      'a CONNECT with a path',
      WithPath,
      [/^HIJACK_OPTION_INVALID .*WithPath\.connect has a path, but CONNECT asks for a host and port/],
    ],
    [
      'an authority of what is no CONNECT',
      WithAuthority,
      [/WithAuthority\.get has an authority/, /WithAuthority\.post has an authority/],
    ],
    [
      'protocols that are none',
      NoProtocol,
      [
        /NoProtocol\.words .*got two words/,
        /NoProtocol\.empty takes a protocol as Upgrade names it/,
        /NoProtocol\.number .*got 7/,
      ],
    ],
    [
      'authorities that are none',
      NoAuthority,
      [/a\.test\b/, /a\.\*\.test:1/, /a\.test:65536/, /undefined/].map(
        (text) => new RegExp(`^ROUTE_AUTHORITY_INVALID .*${text.source}`),
      ),
    ],
    [
      'a limit that is none',
      NoNumber,
      [/NoNumber\.negative takes maxConnections as a whole number, 0 or more, got -1/, /NoNumber\.half .*1\.5/],
    ],
    ['a method that is none', NoMethod, [/NoMethod\.fetch/]],
    [
      'places that are taken',
      Twice,
      [
        /^ROUTE_DUPLICATE .*Twice\.hijack answers GET \/twice/,
        /^ROUTE_DUPLICATE .*Twice\.other answers CONNECT A\.test:443, but Twice\.one/,
      ],
    ],
    ['what is no method', Strays, [/^ROUTE_NOT_METHOD .*Strays\.stray/]],
  ])('tells of %s, all at once', async (_, controller, patterns) => {
    const mistakes = (await mistakesOf([controller])).map(({ code, message }) => `${code} ${message}`);
    for (const pattern of patterns) expect(mistakes).toEqual(expect.arrayContaining([expect.stringMatching(pattern)]));
    expect(mistakes.length).toBe(patterns.length);
  });
});
