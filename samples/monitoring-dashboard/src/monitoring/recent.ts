import type { Frame, History } from './metrics.service';

const MOST_SECONDS = 300;

/** What charts show, of the last minutes: for whoever comes later. */
export class Recent {
  private readonly moments: Pick<Frame, 'at' | 'requests' | 'latencyMs' | 'connections'>[] = [];

  add({ at, requests, latencyMs, connections }: Frame): void {
    this.moments.push({ at, requests, latencyMs, connections });
    if (this.moments.length > MOST_SECONDS) this.moments.shift();
  }

  get history(): History {
    const { moments } = this;
    return {
      at: moments.map(({ at }) => Math.round(Date.parse(at) / 1_000)),
      perSecond: moments.map(({ requests }) => requests.perSecond),
      refusedPerSecond: moments.map(({ requests }) => requests.refusedPerSecond),
      failedPerSecond: moments.map(({ requests }) => requests.failedPerSecond),
      p50: moments.map(({ latencyMs }) => latencyMs.p50),
      p95: moments.map(({ latencyMs }) => latencyMs.p95),
      p99: moments.map(({ latencyMs }) => latencyMs.p99),
      hijacked: moments.map(({ connections }) => connections.hijacked),
      webSocket: moments.map(({ connections }) => connections.webSocket),
    };
  }
}
