import { bearerTokens, serve } from 'rockstar-web';
import { HijackModule } from './hijack.module';
import { TOKENS } from './settings';

void serve(HijackModule, { port: 8081, auth: bearerTokens(TOKENS) });
