import { Module } from 'rockstar-web';
import { ChatSocket } from './chat.socket';
import { EchoSocket } from './echo.socket';

@Module({ controllers: [ChatSocket, EchoSocket] })
export class ChatModule {}
