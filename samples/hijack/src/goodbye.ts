import type { HijackedConnection } from 'rockstar-web';

/** Ends the connection, behind what was written, as soon as the application is asked to stop. */
export function closeWhenStopping(connection: HijackedConnection): void {
  const close = (): void => void connection.close();
  if (connection.finishing.aborted) close();
  else connection.finishing.addEventListener('abort', close, { once: true });
}
