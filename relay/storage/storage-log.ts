/** What storage needs of a logger; fastify's pino fits. Ids never go above `debug`. */
export interface StorageLog {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}
