/** How the shared stores reach a database: statements by name, in the dialect of the engine. */
export { inDialect } from './dialect.ts';
export { readSqlFiles, readStatements } from './sql-folders.ts';
export type {
  CallOptions,
  EffectRunner,
  Parameter,
  StatementCall,
  StatementOptions,
  StatementRunner,
  TransactionScript,
  WriteOptions,
} from './statement-runner.ts';
