import { Controller, Get } from 'rockstar-web';

@Controller()
export class HelloController {
  @Get('/')
  hello() {
    return { hello: 'world' };
  }
}
