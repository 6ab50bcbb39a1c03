import { serviceRef } from 'rockstar-web';

/** What `auth` was in 1.x. */
export interface AuthService1 {
  /** The name of the user whose token it is. */
  check(token: string): Promise<string | undefined>;
}

export const AUTH_1 = serviceRef<AuthService1>('auth-plugin', 'auth', { contract: ['check'] });
