import type { Exchange, RouteTarget } from '../http/exchange';
import type { Lifetime } from '../lifetime/lifetime';
import type { Health, HealthAnswer } from '../metrics/health';
import type { HttpInstruments } from '../metrics/http-instruments';
import type { RouteEntry } from '../routing/route-entry';

interface OperatorRooms {
  readonly owner: Lifetime;
  readonly health: Health;
  /** All metrics as text, and what that text is. */
  readonly scrape: () => Promise<Buffer>;
  readonly metricsType: string;
  readonly instruments: HttpInstruments;
}

/** What is asked by whoever runs the application: is it alive, is it ready, what are its numbers. Also while it is stopping. */
export function operatorRoutes(
  rooms: OperatorRooms,
  which: { readonly health: boolean; readonly metrics: boolean },
): RouteEntry<RouteTarget>[] {
  const { health, scrape, metricsType } = rooms;
  const routes: RouteEntry<RouteTarget>[] = [];
  if (which.health) {
    routes.push(operatorRoute(rooms, '/health/live', (exchange) => tell(exchange, health.live())));
    routes.push(operatorRoute(rooms, '/health/ready', async (exchange) => tell(exchange, await health.ready())));
  }
  if (which.metrics) {
    routes.push(
      operatorRoute(rooms, '/metrics', (exchange) => {
        exchange.setField('content-type', metricsType);
        return scrape();
      }),
    );
  }
  return routes;
}

function tell(exchange: Exchange, answer: HealthAnswer): unknown {
  exchange.status = answer.status;
  exchange.setField('cache-control', 'no-store');
  return answer.body;
}

function operatorRoute(
  { owner, instruments }: OperatorRooms,
  pattern: string,
  run: (exchange: Exchange) => unknown,
): RouteEntry<RouteTarget> {
  const target: RouteTarget = {
    method: 'GET',
    route: pattern,
    owner,
    status: 200,
    statusDeclared: true,
    fields: [],
    body: 'none',
    metadata: new Map(),
    place: 'the application itself',
    timeoutMs: 10_000,
    answersWhileStopping: true,
    takesOver: false,
    instruments: instruments.route('GET', pattern),
    run,
  };
  return { method: 'GET', pattern, place: target.place, target };
}
