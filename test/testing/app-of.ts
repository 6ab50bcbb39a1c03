import { Module, type Provider, WiringError } from 'rockstar-web';
import {
  createTestApp,
  type InProcessRequest,
  type InProcessResponse,
  type TestApplication,
  type TestApplicationOptions,
} from 'rockstar-web/testing';
import type { ConcreteClass } from '../../lib/metadata/slot';
import { soon } from '../support/soon';

export interface AppOfOptions extends TestApplicationOptions {
  readonly providers?: readonly Provider[];
}

let opened: TestApplication[] = [];

afterEach(async () => {
  const apps = opened;
  opened = [];
  for (const app of apps) {
    try {
      await soon(() => expect(app.leaks()).toEqual([]));
    } finally {
      await app.close();
    }
  }
});

/** An application of these controllers, without a port. It is closed after the test, which fails when something is left in it. */
export async function appOf(
  controllers: readonly ConcreteClass[],
  { providers = [], ...options }: AppOfOptions = {},
): Promise<TestApplication> {
  @Module({ controllers, providers })
  class TheModule {}
  return track(await createTestApp(TheModule, options));
}

/** Closes an application after the test, as `appOf` does. */
export function track(app: TestApplication): TestApplication {
  opened.push(app);
  return app;
}

/** Asks once, of an application of one controller. */
export async function ask(
  controller: ConcreteClass,
  request: InProcessRequest,
  options?: AppOfOptions,
): Promise<InProcessResponse> {
  const app = await appOf([controller], options);
  return app.request(request);
}

/** The body of a failure. */
export interface Failure {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}

export function failureOf(response: InProcessResponse): Failure {
  return response.json() as Failure;
}

/** The codes of everything that keeps an application from being put together. */
export async function mistakesOf(
  controllers: readonly ConcreteClass[],
  options: AppOfOptions = {},
): Promise<readonly { code: string; message: string }[]> {
  const error: unknown = await appOf(controllers, options).then(
    () => new Error('it was put together'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof WiringError) return error.mistakes;
  throw error;
}
