import { serve } from 'rockstar-web';
import { CircuitBreakerModule } from './circuit-breaker.module';
import { options } from './settings';

void serve(CircuitBreakerModule, { port: 8083, ...options });
