import { ImportService, Injectable, Plugin, serviceRef } from 'rockstar-web';
import type { AuthService2 } from '../auth/auth-2.contract';

const AUTH = serviceRef<AuthService2>('auth-plugin', 'auht');

/** Two letters changed places. */
@Injectable()
class Reception {
  constructor(@ImportService(AUTH) readonly auth: AuthService2) {}
}

@Plugin({ name: 'reception-plugin', version: '1.0.0', providers: [Reception] })
export class ReceptionPlugin {}
