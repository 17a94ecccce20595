/** Parts of every answer: problems (RFC 9457), headers, media types, the request log. */
export { disconnectSignal, onCutAnswer } from './disconnected-clients.ts';
export { isJsonType, isNdjsonType, isStructuredCloudEvent, JSON_TYPE, NDJSON } from './media-types.ts';
export { refuseUnknownRoutes } from './methods.ts';
export { request, STATUS_CODES } from './node-http.ts';
export { lowerPathIds } from './path-ids.ts';
export {
  createErrorHandler,
  invalidField,
  NOT_FOUND,
  ProblemError,
  problemBody,
  problemError,
  problemOf,
  rawProblem,
  sendProblem,
  unavailable,
} from './problems.ts';
export { logCutAnswer, logRequests, recordRequest } from './request-log.ts';
export { PRIVATE_ANSWER, requestIdOf, setAnswerHeaders } from './stamp.ts';
export { createValidatorCompiler } from './validation.ts';
