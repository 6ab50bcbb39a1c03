// The smallest application, as a user writes it: node hello-ours.js <port>.
import { Controller, Get, Module, serve } from 'rockstar-web';

@Controller()
class AppController {
  @Get('/')
  hello() {
    return { hello: 'world' };
  }
}

@Module({ controllers: [AppController] })
class AppModule {}

void serve(AppModule, { port: Number(process.argv[2]), logger: false });
