import { ImportService, OnMessage, type OnStart, type OnStop, WebSocket, WebSocketRooms, WebSocketSession } from 'rockstar-web';
import type { Subscription } from 'rxjs';
import { ViewersOnly } from '../access';
import { METRICS, type MetricsService } from '../monitoring/metrics.service';

/** A viewer that is so far behind is left out until it has caught up: it gets the latest numbers, and no old ones. */
const MOST_BEHIND_BYTES = 16 * 1024;

/** The frame of each second, to all who look: written as JSON and framed once. */
@WebSocket('/ws/metrics', {
  bufferLimitBytes: MOST_BEHIND_BYTES,
  backpressure: 'skip',
  messageLimitBytes: 1024,
  maxMessagesPerSecond: 5,
})
@ViewersOnly()
export class MetricsSocket implements OnStart, OnStop {
  private telling: Subscription | undefined;

  constructor(
    @ImportService(METRICS) private readonly metrics: MetricsService,
    private readonly rooms: WebSocketRooms,
  ) {}

  start(): void {
    const { everybody } = this.rooms.of(MetricsSocket);
    this.telling = this.metrics.frames$.subscribe((frame) => void everybody.send(frame));
  }

  stop(): void {
    this.telling?.unsubscribe();
  }

  /** There is nothing to say here. */
  @OnMessage()
  heard(_message: unknown, socket: WebSocketSession): void {
    socket.close(1008, 'this socket only tells');
  }
}
