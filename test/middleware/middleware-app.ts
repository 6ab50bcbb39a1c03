import type { Application, ApplicationOptions } from 'rockstar-web';
import type { ConcreteClass } from '../../lib/metadata/slot';
import { type Client, type Door, moduleOf, type Served, withClient } from '../journeys/doors';

/** What a test does with an application before it is asked. */
export type Prepare = (app: Application) => void;

/** Serves controllers behind middleware, on a port of their own, and asks. */
export async function withMiddleware(
  door: Door,
  controllers: readonly ConcreteClass[],
  prepare: Prepare,
  use: (client: Client, served: Served) => Promise<void>,
  options: ApplicationOptions = {},
): Promise<void> {
  await withClient(door, moduleOf(controllers), options, async (client, served) => {
    prepare(served.app);
    await use(client, served);
  });
}
