import { type CancelTimer, type Clock, CLOCK, Inject, Injectable, Logger, type OnStop } from 'rockstar-web';
import { ADMIN_TOKEN } from '../access';
import { type Client, Http1Client, Http2Client, openTail, openViewer } from './clients';
import { DemoConfig } from './demo-config';

const BEAT_MS = 50;
const MOST_BESIDES = 5;

/** As often as the numbers say, of a thousand. */
const PATHS: readonly (readonly [path: string, weight: number])[] = [
  ['/api/overview', 300],
  ['/api/catalogue', 300],
  ['/api/payments', 170],
  ['/api/recommendations', 120],
  ['/api/orders', 90],
  ['/api/nowhere', 20],
];

/** Clients that come, ask, wait or do not, and go: over real connections, as anybody else. */
@Injectable()
export class Traffic implements OnStop {
  private clients: { readonly service: Http2Client; readonly browser: Http2Client; readonly old: Http1Client } | undefined;
  /** Who looks on, beside who asks. */
  private readonly besides: Client[] = [];
  private cancelTimer: CancelTimer | undefined;
  private beats = 0;
  private comers = 0;

  constructor(
    private readonly config: DemoConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** Begins, once there is an address. */
  begin(url: URL): void {
    if (!this.config.traffic) return;
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
    this.clients = {
      service: new Http2Client(url, headers, { enablePush: true, refuseEach: 9 }),
      browser: new Http2Client(url, headers, { enablePush: false }),
      old: new Http1Client(url, headers),
    };
    this.logger.info('the demo makes traffic; DEMO=0 turns it off', { url: url.origin });
    this.beat(url, headers);
  }

  stop(): void {
    this.end();
  }

  private beat(url: URL, headers: Record<string, string>): void {
    const { clients } = this;
    if (clients === undefined || clients.service.isLeaving) return this.end();
    this.beats++;
    // Busier for a while, and quieter.
    const busy = 0.55 + 0.35 * Math.sin((this.beats * BEAT_MS) / 9_000);
    if (Math.random() < busy) this.ask(clients);
    if (this.beats % 60 === 0) clients.service.ask('/api/report?seconds=10', Math.round(300 + Math.random() * 1_200));
    if (this.beats % 170 === 0) clients.browser.ask('/api/report/quick?seconds=5');
    if (this.beats % 40 === 0) clients.browser.ask('/dashboard');
    if (this.beats % 50 === 0) this.comeOrGo(url, headers);
    this.cancelTimer = this.clock.setTimer(() => this.beat(url, headers), BEAT_MS);
  }

  private ask({ service, browser, old }: NonNullable<Traffic['clients']>): void {
    const one = [service, service, browser, old][Math.floor(Math.random() * 4)] ?? service;
    one.ask(pick(PATHS));
  }

  /** Viewers and terminals. */
  private comeOrGo(url: URL, headers: Record<string, string>): void {
    if (this.besides.length >= MOST_BESIDES || Math.random() < this.besides.length / 8) this.besides.shift()?.close();
    else this.besides.push(this.comers++ % 2 === 0 ? openTail(url, headers) : openViewer(url, headers));
  }

  private end(): void {
    this.cancelTimer?.();
    for (const client of [...Object.values(this.clients ?? {}), ...this.besides.splice(0)]) client.close();
    this.clients = undefined;
  }
}

function pick(choices: typeof PATHS): string {
  let rest = Math.random() * choices.reduce((sum, [, weight]) => sum + weight, 0);
  return choices.find(([, weight]) => (rest -= weight) < 0)?.[0] ?? '/';
}
