import { ImportService, Injectable, Plugin } from 'rockstar-web';
import { AUTH_2, type AuthService2 } from '../auth/auth-2.contract';

/** Wants a version that is not there yet. */
@Injectable()
class Future {
  constructor(@ImportService(AUTH_2, { version: '^3' }) readonly auth: AuthService2) {}
}

@Plugin({ name: 'future-plugin', version: '1.0.0', providers: [Future] })
export class FuturePlugin {}
