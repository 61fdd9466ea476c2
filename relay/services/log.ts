/** What services need of a logger; fastify's pino fits. Ids, of relays too, and clients' addresses never go above `debug`. */
export interface Log {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}
