import { serve } from 'rockstar-web';
import { HttpPushModule, options } from './http2-push.module';

void serve(HttpPushModule, { port: 8443, ...options });
