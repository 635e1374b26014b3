import "reflect-metadata";
import { NestFactory } from "@nestjs/core";
import { SessionManager } from "zpwoot";
import { createHttpHandler } from "zpwoot/http";
import { AppModule } from "./app.module.js";

const app = await NestFactory.create(AppModule);
app.enableShutdownHooks();
// The /sessions routes, before Nest's own: the key of their callers is in API_KEY.
app.use(createHttpHandler(app.get(SessionManager)).node);
await app.listen(Number(process.env["PORT"] ?? 3000), process.env["HOST"] ?? "127.0.0.1");
