import { type Clock, systemClock } from '../../lib/lifetime/clock';
import { Deadlines } from '../../lib/lifetime/deadline';
import { Lifetime } from '../../lib/lifetime/lifetime';
import { Breakers } from '../../lib/resilience/breakers';
import type { UpstreamOptions } from '../../lib/upstream/client-options';
import { type HttpClient, openHttpClient } from '../../lib/upstream/http-client';
import type { CallReport } from '../../lib/upstream/upstream-call';
import { expectNothingLeft } from '../support/expect-nothing-left';
import { soon } from '../support/soon';

/** A client with nothing around it. */
export interface OpenClient {
  readonly http: HttpClient;
  readonly lifetime: Lifetime;
  readonly reports: CallReport[];
  readonly breakers: Breakers;
  close(): Promise<void>;
}

/** Opens a client; closing it fails when a call is left in it. */
export function openClient(options: UpstreamOptions = {}, clock: Clock = systemClock): OpenClient {
  const lifetime = Lifetime.root({ clock });
  const deadlines = new Deadlines(clock);
  const reports: CallReport[] = [];
  const breakers = new Breakers({ clock });
  const observe = (report: CallReport) => reports.push(report);
  const rooms = { lifetime, deadlines, clock, breakers, observe, outOfTime: () => undefined };
  const { client, close } = openHttpClient(options, rooms);
  return {
    http: client,
    lifetime,
    reports,
    breakers,
    close: async () => {
      try {
        await soon(() => expectNothingLeft(lifetime));
      } finally {
        lifetime.end('shutdown');
        await close();
        deadlines.close();
      }
    },
  };
}

/** What a promise fails with. */
export async function failureOf(
  promise: Promise<unknown>,
): Promise<{ code?: string; status?: number; detail?: string; message: string; cause?: unknown }> {
  try {
    await promise;
  } catch (error) {
    return error as { code?: string; message: string };
  }
  throw new Error('it did not fail');
}
