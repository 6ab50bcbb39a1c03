import { serve } from 'rockstar-web';
import { CancellationModule } from './cancellation.module';

void serve(CancellationModule, { port: 8085 });
