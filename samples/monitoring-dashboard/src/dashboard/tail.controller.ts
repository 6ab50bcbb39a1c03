import { Controller, Hijack, HijackedConnection, ImportService } from 'rockstar-web';
import { ViewersOnly } from '../access';
import { type Frame, METRICS, type MetricsService } from '../monitoring/metrics.service';

@Controller()
export class TailController {
  constructor(@ImportService(METRICS) private readonly metrics: MetricsService) {}

  /** The numbers for a terminal, a line a second, on the bare connection: `curl -kN --http1.1 …/tail`. */
  @Hijack('/tail')
  @ViewersOnly()
  tail(connection: HijackedConnection): Promise<void> {
    connection.accept(200, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
    connection.write(lineOf(this.metrics.latest));
    const lines = this.metrics.frames$.subscribe((frame) => {
      if (!connection.writableNeedDrain) connection.write(lineOf(frame));
    });
    const close = (): void => void connection.close();
    if (connection.finishing.aborted) close();
    else connection.finishing.addEventListener('abort', close, { once: true });
    connection.resume();
    return connection.whenClosed().finally(() => lines.unsubscribe());
  }
}

function lineOf({ at, requests, latencyMs, breakers, connections }: Frame): string {
  const open = breakers.filter(({ state }) => state !== 'closed').map(({ name, state }) => `${name} ${state}`);
  const parts = [
    at.slice(11, 19),
    `${requests.perSecond.toFixed(1)} req/s`,
    `p95 ${latencyMs.p95 ?? '–'} ms`,
    `${requests.failedPerSecond.toFixed(1)} failed/s`,
    `${connections.webSocket} ws`,
    `${connections.hijacked} hijacked`,
    open.length === 0 ? 'all circuits closed' : open.join(', '),
  ];
  return `${parts.join('  ')}\n`;
}
