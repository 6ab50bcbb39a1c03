import { serve } from 'rockstar-web';
import { ADMIN_TOKEN } from './access';
import { AppModule, OPTIONS } from './app.module';
import { Traffic } from './demo/traffic';
import { VIEW_TOKEN } from './settings';
import { welcome } from './welcome';

async function main(): Promise<void> {
  const app = await serve(AppModule, { ...OPTIONS, port: 8445 });
  const { url } = app;
  if (url === undefined) return;
  console.log(welcome(url, { admin: ADMIN_TOKEN, view: VIEW_TOKEN }));
  app.resolve(Traffic).begin(url);
}

void main();
