import { fillByTakingOver } from '../controllers/parameter';
import { HijackedConnection } from './hijacked-connection';

/** What of a context the connection is had by. */
interface Hijacking {
  hijack(): Promise<HijackedConnection>;
}

fillByTakingOver(HijackedConnection, (rooms) => (exchange) => (rooms.contextOf(exchange) as Hijacking).hijack());
