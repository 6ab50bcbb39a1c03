import { Controller, Get, Module } from 'rockstar-web';
import { createTestApp } from 'rockstar-web/testing';

const HEAVY = /node_modules[\\/](pg|pg-pool|pg-protocol|rxjs|undici|@electric-sql)[\\/]/;

function loaded(): string[] {
  return Object.keys(require.cache).flatMap((path) => HEAVY.exec(path)?.[1] ?? []);
}

@Controller()
class Hello {
  @Get('/')
  hello() {
    return { hello: 'world' };
  }
}

@Module({ controllers: [Hello] })
class App {}

it('an application that asks no database, calls nobody and has no Observables loads nothing of what that needs', async () => {
  const app = await createTestApp(App);
  expect((await app.request({ url: '/' })).json()).toEqual({ hello: 'world' });
  await app.request({ url: '/health/ready' });
  await app.close();
  expect(loaded()).toEqual([]);
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- shows that the look above would have seen it
  require('pg');
  expect(loaded()).toContain('pg');
});
