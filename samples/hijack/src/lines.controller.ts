import { ConnectionTimeoutError, Controller, Hijack, HijackedConnection, RequestContext } from 'rockstar-web';
import { closeWhenStopping } from './goodbye';
import { DEADLINE_MS, READ_TIMEOUT_MS } from './settings';

@Controller()
export class LinesController {
  /** No `Upgrade`, no protocol: an ordinary GET whose connection the handler keeps. */
  @Hijack('/hijack')
  async echo(connection: HijackedConnection) {
    closeWhenStopping(connection);
    greet(connection);
    for (;;) {
      const line = await connection.readLine();
      if (line === undefined) return;
      await connection.send(`Echo: ${line}\n`);
    }
  }

  /** The same, for clients that may fall silent. */
  @Hijack('/hijack-safe')
  async safely(connection: HijackedConnection, ctx: RequestContext) {
    closeWhenStopping(connection);
    connection.setDeadline(DEADLINE_MS);
    greet(connection);
    try {
      for (;;) {
        connection.setReadDeadline(READ_TIMEOUT_MS);
        const line = await connection.readLine();
        if (line === undefined) return;
        await connection.send(`Echo: ${line}\n`);
      }
    } catch (error) {
      if (!(error instanceof ConnectionTimeoutError)) throw error;
      ctx.logger.warn('timeout on a hijacked connection', { deadline: error.deadline });
    }
  }
}

function greet(connection: HijackedConnection): void {
  connection.accept(200, { 'Content-Type': 'text/plain' });
  connection.write('Connection hijacked!\r\n');
}
