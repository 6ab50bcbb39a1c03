import {
  Authorize,
  CLOCK,
  type Clock,
  Controller,
  Get,
  Inject,
  JwtModule,
  JwtService,
  jwtAuth,
  Module,
  Post,
  RequestContext,
  token,
} from 'rockstar-web';
import { createTestApp, ManualClock } from 'rockstar-web/testing';

const SECRET = 'a secret of at least thirty-two bytes';

@Controller()
class Login {
  constructor(
    private readonly jwt: JwtService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Post('/login')
  async login() {
    return { token: await this.jwt.sign({ sub: 'ann' }), at: this.clock.now() };
  }

  @Get('/me')
  @Authorize()
  me(context: RequestContext) {
    return (context.user as { sub: string }).sub;
  }
}

const SETTINGS = token<{ readonly secret: string }>('SETTINGS');

@Module({ providers: [{ provide: SETTINGS, useValue: { secret: SECRET } }], exports: [SETTINGS] })
class Settings {}

@Module({ imports: [JwtModule.forRoot({ secret: SECRET, expiresInMs: 1_000 })], controllers: [Login] })
class Known {}

@Module({
  imports: [
    JwtModule.forRootAsync({
      imports: [Settings],
      inject: [SETTINGS],
      useFactory: async ({ secret }: { readonly secret: string }) => (await Promise.resolve(), { secret, expiresInMs: 1_000 }),
    }),
  ],
  controllers: [Login],
})
class Made {}

it.each([
  ['known beforehand', Known],
  ['made of what is injected', Made],
])('JwtModule gives a JwtService with options that are %s, on the clock of the application', async (_what, module) => {
  const clock = new ManualClock(7);
  const app = await createTestApp(module, { auth: jwtAuth({ secret: SECRET }), clock });
  const { token: signed, at } = (await app.request({ method: 'POST', url: '/login' })).json() as { token: string; at: number };
  expect(at).toBe(7);
  const me = () => app.request({ url: '/me', headers: { authorization: `Bearer ${signed}` } });
  expect((await me()).text()).toBe('ann');
  await clock.advance(2_000);
  expect((await me()).status).toBe(401);
  await app.close();
});

it('JwtModule refuses wrong options at once', () => {
  expect(() => JwtModule.forRoot({ secret: 'short' })).toThrow('JWT_OPTIONS_INVALID');
});
