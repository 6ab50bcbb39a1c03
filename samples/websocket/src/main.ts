import { serve } from 'rockstar-web';
import { ChatModule } from './chat.module';
import { websocket } from './settings';

void serve(ChatModule, { port: 8082, websocket });
