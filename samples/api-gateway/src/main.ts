import { serve } from 'rockstar-web';
import { GatewayModule, OPTIONS } from './gateway.module';

void serve(GatewayModule, { ...OPTIONS, port: 8444, http2: true, tls: 'self-signed' });
