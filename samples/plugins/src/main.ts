import { serve } from 'rockstar-web';
import { AppModule, OPTIONS } from './app.module';

void serve(AppModule, { port: 8084, ...OPTIONS });
