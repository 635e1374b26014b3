/**
 * The `/sessions` routes inside a NestJS application of your own:
 *
 *     npx tsx examples/http-nest.ts
 */
import "reflect-metadata";
import { Controller, Get, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { SessionManager } from "zpwoot";
import { ZpwootClient } from "zpwoot/client";
import { createHttpHandler } from "zpwoot/http";
import { WhatsAppEmulator } from "zpwoot/testing";

await using emulator = await WhatsAppEmulator.start();
await using manager = new SessionManager({ store: "memory:", whatsapp: { url: emulator.url } });
const sessions = createHttpHandler(manager, { apiKeys: "my-secret-key" });

class AppController {
  root(): string {
    return "my own route";
  }
}
// With decorators: @Controller() and @Get(). Called directly here, so that the example runs without a build step.
Get()(
  AppController.prototype,
  "root",
  Object.getOwnPropertyDescriptor(AppController.prototype, "root") as PropertyDescriptor,
);
Controller()(AppController);

class AppModule {}
Module({ controllers: [AppController] })(AppModule);

const app = await NestFactory.create(AppModule, { logger: false });
app.use(sessions.node);
await app.listen(0, "127.0.0.1");
const url = await app.getUrl();
await manager.start();

// From here on: what a client does.
const client = new ZpwootClient({ baseUrl: url, apiKey: "my-secret-key" });
const { id } = await client.createSession({ name: "sales" });
console.log((await client.listSessions()).map(({ name, status }) => `${name}: ${status}`));
console.log(await (await fetch(url)).text());
await client.deleteSession(id);

await app.close();
