import { TestEnvironment } from 'jest-environment-node';
import { openResources, type OpenResources, whatStaysOpen } from './open-resources';

/** What is used of the events of the test runner. */
interface RunnerEvent {
  readonly name: string;
  readonly test?: { readonly errors: unknown[] };
}

interface RunnerState {
  readonly unhandledErrors: unknown[];
}

const DEFAULT_GRACE_MS = 10_000;

/**
 * The environment all tests run in: a test that leaves a socket, a server or a timer behind fails.
 *
 * It is an environment and no `afterEach`, because the runner calls hooks in the order they were written: one from a
 * set-up file would look before the test's own `afterEach` has closed what it opened. What `beforeAll` opens is closed
 * by `afterAll`, so the file as a whole is looked at once more. `leftOpenGraceMs` in the environment's options says
 * how long closing may take. The runner's own timers and pipes may end while a test runs and hide as many of a test's;
 * it has no sockets and servers of its own.
 */
export default class NothingLeftOpen extends TestEnvironment {
  readonly #graceMs: number;
  #beforeFile: OpenResources = new Map();
  #beforeTest: OpenResources = new Map();

  constructor(...[config, context]: ConstructorParameters<typeof TestEnvironment>) {
    super(config, context);
    const { leftOpenGraceMs } = config.projectConfig.testEnvironmentOptions;
    this.#graceMs = typeof leftOpenGraceMs === 'number' ? leftOpenGraceMs : DEFAULT_GRACE_MS;
    openStandardStreams();
  }

  async handleTestEvent(event: RunnerEvent, state: RunnerState): Promise<void> {
    if (event.name === 'run_start') this.#beforeFile = openResources();
    if (event.name === 'test_start') this.#beforeTest = openResources();
    if (event.name === 'test_done') await this.#look(this.#beforeTest, 'The test', event.test?.errors);
    if (event.name === 'run_finish') await this.#look(this.#beforeFile, 'The file', state.unhandledErrors);
  }

  async #look(before: OpenResources, who: string, errors: unknown[] | undefined): Promise<void> {
    const left = await whatStaysOpen(before, this.#graceMs);
    if (left.length > 0)
      errors?.push(new Error(`${who} leaves open: ${left.join(', ')}. Close what it opened, or end its lifetime.`));
  }
}

/** They are opened when first read, and would count as left behind by whoever wrote first. */
function openStandardStreams(): void {
  for (const stream of ['stdout', 'stderr']) Reflect.get(process, stream);
}
