import { ApiProperty, Controller, Get, Returns } from 'rockstar-web';
import { ask } from '../testing/app-of';

function loaded(): string[] {
  return Object.keys(require.cache).flatMap((path) => /fast-json-stringify|prepared-answer/.exec(path)?.[0] ?? []);
}

class Greeting {
  @ApiProperty() hello!: string;
}

@Controller()
class Plain {
  @Get('/') hello(): Greeting {
    return { hello: 'world' };
  }
}

it('nothing of what writes declared classes is loaded until a route has one', async () => {
  expect((await ask(Plain, { url: '/' })).text()).toBe('{"hello":"world"}');
  expect(loaded()).toEqual([]);

  @Controller()
  class Declared {
    @Get('/') @Returns(Greeting) hello(): Greeting {
      return { hello: 'world' };
    }
  }
  expect((await ask(Declared, { url: '/' })).text()).toBe('{"hello":"world"}');
  expect(loaded()).toEqual(expect.arrayContaining(['prepared-answer', 'fast-json-stringify']));
});
