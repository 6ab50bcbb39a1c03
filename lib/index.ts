// What users import, by name, grouped by room.
export { type Application, createApp } from './application/application';
export type { ApplicationOptions } from './application/configuration';
export {
  type ApplicationReport,
  inspectApplication,
  type ReportedMistake,
  type ReportedModule,
  type ReportedRoute,
} from './application/inspect-application';
export type { ReportedImport, ReportedService } from './application/reported-services';
export { openApiDocument } from './application/openapi-document';
export type { ChangeReport } from './application/plugin-changes';
export { type AddPluginOptions, Plugins, type RemovePluginOptions, type ReplacePluginOptions } from './application/plugins';
export { serve, type ServeOptions } from './application/serve';

export { CircuitBreaker } from './context/circuit-breaker';
export { CurrentRequest } from './context/current-request';
export { type Auth, createParamDecorator, type Filter, type Guard, type Interceptor } from './context/hooks';
export { PluginContext } from './context/plugin-context';
export { PluginRouter, type RouteHandler } from './context/plugin-router';
export { Push } from './context/push';
export { type MatchedRoute, RequestContext } from './context/request-context';

export { circuitBreaker } from './controllers/breaker-middleware';
export type { BreakerKey, CircuitBreakerOptions } from './controllers/breaker-reference';
export type { CircuitBreakerDecorator, CircuitBreakerFactory } from './controllers/circuit-breaker';
export { Controller } from './controllers/controller';
export { type CallGuard, type CallGuards, guardCalls } from './controllers/guard-calls';
export { type CallHandler, Catch } from './controllers/hooks';
export { Body, type BodyOptions, Cookies, Ctx, Headers, Param, Query, Signal } from './controllers/parameter';
export {
  All,
  Delete,
  Get,
  Head,
  Header,
  HttpCode,
  Options,
  Patch,
  Post,
  Put,
  SetMetadata,
  Sse,
  Timeout,
} from './controllers/route';
export { UseFilters, UseGuards, UseInterceptors, UsePipes } from './controllers/use-hooks';
export { Use } from './controllers/use-middleware';

export { Database, type QueryOptions, type StreamOptions, type TransactionOptions } from './database/database';
export { DatabaseError, isDatabaseError } from './database/database-error';
export { DatabaseModule, type DatabaseModuleAsyncOptions } from './database/database-module';
export type { DatabaseOptions } from './database/database-options';
export type { Row } from './database/row-cursor';
export type { Isolation, Transaction } from './database/transaction';

export { createLogger, type CreateLoggerOptions } from './diagnostics/create-logger';
export { Logger, type LogLevel, silentLogger } from './diagnostics/logger';
export type { UserLogger } from './diagnostics/to-logger';

export { FrameworkError, type FrameworkErrorOptions, type InputIssue } from './errors/framework-error';
export {
  BadGatewayError,
  BadRequestError,
  ConflictError,
  ForbiddenError,
  GatewayTimeoutError,
  GoneError,
  HttpError,
  type HttpErrorOptions,
  InternalServerError,
  NotAcceptableError,
  NotFoundError,
  NotImplementedError,
  PayloadTooLargeError,
  PreconditionFailedError,
  ServiceUnavailableError,
  TooManyRequestsError,
  UnauthorizedError,
  UnprocessableEntityError,
  UnsupportedMediaTypeError,
} from './errors/http-error';

export type { AcceptHeaders } from './hijack/accept-head';
export type { DeadlineTime } from './hijack/connection-deadlines';
export { ConnectionTimeoutError, type DeadlineKind } from './hijack/connection-timeout-error';
export { type ConnectOptions, Hijack, type HijackOptions } from './hijack/hijack-route';
export { HijackedConnection } from './hijack/hijacked-connection';
export { tunnel, type TunnelOptions, type TunnelReport } from './hijack/tunnel';
export type { TunnelAllowList, TunnelTarget } from './hijack/tunnel-target';

export type { ContentTypeParser, ContentTypeParsers } from './http/content-type-parsers';
export type { ConnectErrorMiddleware, ConnectMiddleware, NextFunction } from './http/connect-middleware';
export type { CookieOptions } from './http/cookies';
export type { HttpLimits } from './http/limits';
export { type MultipartField, MultipartFile, type MultipartPart } from './http/multipart-file';
export type { MultipartOptions } from './http/multipart-limits';
export { UploadedFile } from './http/uploaded-file';
export type { UploadOptions } from './http/uploads';
export { timingSafeEqual } from './http/timing-safe-equal';
export type { ServerEvent } from './http/chunk-format';
export type { StreamSource } from './http/reply-stream';
export type { TlsOptions } from './http/tls-door';

export type { CancelScope } from './lifetime/cancel-scope';
export type { CancelTimer, Clock } from './lifetime/clock';
export { CancelledError, type CancelReason, isCancellation } from './lifetime/end-reason';
export { type Cancellable, cancelWith, fromSignal } from './lifetime/observe-signal';

export { type ActiveRequest, ActiveRequests, type CancellationCount } from './metrics/active-requests';
export { Health, type HealthAnswer } from './metrics/health';
export type { HealthIndicator, HealthStatus, IndicatorReport } from './metrics/health-check';
export type { Counter, Gauge, Histogram, UpDownCounter } from './metrics/instruments';
export { Metrics } from './metrics/metrics';
export { observePolicy, type ObservedPolicy } from './metrics/policy-instruments';
export { estimateQuantile, type MetricsSnapshot } from './metrics/snapshot';

export { CLOCK } from './plugins/clock-token';
export { ApiOperation, type ApiOperationOptions, ApiResponse, type ApiResponseOptions } from './openapi/api-operation';
export { ApiHidden, ApiProperty, type ApiPropertyOptions } from './openapi/api-property';
export type { OpenApiDocument } from './openapi/document';
export type { OpenApiOption, OpenApiOptions } from './openapi/openapi-options';
export { Returns } from './openapi/returns';

export { BreakerOperatorsModule, type BreakerOperatorsOptions } from './operators/breaker-operators-module';
export { PluginReportsModule, type PluginReportsOptions } from './operators/plugin-reports-module';

export type { OnInitialize, OnShutdown, OnStart, OnStop } from './plugins/lifecycle';
export {
  type DynamicModule,
  Injectable,
  type InjectableOptions,
  Module,
  type ModuleImport,
  type ModuleOptions,
  Plugin,
  type PluginDependency,
  type PluginOptions,
} from './plugins/plugin';
export { Secret } from './plugins/plugin-config';
export type { ClassProvider, ExistingProvider, FactoryProvider, Provider, ValueProvider } from './plugins/provider';
export type { MethodContract, ServiceContract, ServiceSchema, StandardSchema } from './plugins/service-contract';
export { exportService, type ServiceHealth, type ServiceHealthAnswer, type ServiceOptions } from './plugins/service-export';
export { importService, ImportService, type ImportOptions } from './plugins/service-import';
export { ServiceRef, serviceRef, type ServiceRefOptions } from './plugins/service-ref';
export {
  type PluginDescriptor,
  type ServiceChange,
  type ServiceDescriptor,
  type ServiceHealthStatus,
  ServiceRegistry,
} from './plugins/service-registry';
export { Inject, type InjectionKey, Optional, Token, token } from './plugins/service-token';
export { WiringError } from './plugins/wiring-error';

export type { PushArm, PushExperiment } from './push/experiment';
export type { PushDecorator } from './push/push';
export type { PushRouteOptions } from './push/push-declaration';
export type { PreloadAs, PushOptions } from './push/push-options';
export type { NotHinted, NotPromised, PushOutcome, PushSkipped } from './push/push-outcome';
export { PushReport, type PushReportRow } from './push/push-report';
export { PushReportController } from './push/push-report-controller';
export type { PushOption, PushSettings } from './push/push-settings';

export { Breaker, type BreakerCallOptions, type BreakerSummary } from './resilience/breaker';
export { BreakerCall } from './resilience/breaker-call';
export { BreakerOpenError, BreakerTimeoutError } from './resilience/breaker-error';
export type { BackoffOptions, BreakerOptions } from './resilience/breaker-options';
export type { BreakerStateName } from './resilience/breaker-state';
export { type BreakerOperation, Breakers, type BreakersOptions } from './resilience/breakers';
export { Bulkhead, type BulkheadOptions, type BulkheadStats } from './resilience/bulkhead';
export type { LoadSheddingOptions } from './resilience/load-shedder';
export type { NamedBreakerOptions } from './resilience/named-configurations';
export type { BreakerStats } from './resilience/outcome';
export type { WindowOptions } from './resilience/outcome-window';
export { Policy, policy, type PolicyCallOptions, type PolicyOptions, type PolicyStats } from './resilience/policy';
export type { RecoveryCheckOptions, RecoveryProbe } from './resilience/recovery-check';
export type { RetryBudgetOptions, RetryOptions } from './resilience/retry-options';
export type { SavedBreaker } from './resilience/saved-breaker';
export type { Transition, TransitionCause } from './resilience/transition';

export type { AuthOptions } from './security/auth';
export { Authorize } from './security/authorize';
export { type BearerToken, bearerTokens, type BearerTokensOptions } from './security/bearer-tokens';
export { environmentToken } from './security/environment-token';
export { type JwtClaims, JwtService, type JwtSignOptions } from './security/jwt';
export { jwtAuth, type JwtAuthOptions } from './security/jwt-auth';
export { JwtModule, type JwtModuleAsyncOptions } from './security/jwt-module';
export type { JwtAlgorithm, JwtKey, JwtOptions } from './security/jwt-options';
export type { TrustedProxies, TrustProxy, TrustProxyOptions } from './security/trust-proxy';

export type { Aggregate, AggregateOptions, Branch, Branches, BranchWork } from './upstream/aggregate';
export type { BranchFailure } from './upstream/branch-failure';
export type { CallOptions, HttpClientOptions, UpstreamInterceptor, UpstreamOptions } from './upstream/client-options';
export { HttpClient } from './upstream/http-client';
export type { UpstreamBreaker } from './upstream/upstream-breaker';
export type { CallLimits, UpstreamRequest } from './upstream/upstream-request';
export type { UpstreamResponse } from './upstream/upstream-response';

export { type ParseArrayOptions, ParseArrayPipe } from './validation/parse-array-pipe';
export {
  DefaultValuePipe,
  ParseBoolPipe,
  ParseDatePipe,
  ParseEnumPipe,
  ParseFloatPipe,
  ParseIntPipe,
  type ParseUUIDOptions,
  ParseUUIDPipe,
} from './validation/parse-pipes';
export type { ArgumentMetadata, PipeOptions, PipeTransform } from './validation/pipe';
export { validate, validateOrReject, validateSync } from './validation/validate-instance';
export { ValidationPipe, type ValidationPipeOptions } from './validation/validation-pipe';

export { Render } from './views/render';
export type { StaticOption, StaticOptions } from './views/static-options';
export type { ViewOption, ViewOptions } from './views/view-options';

export { OnClose, OnMessage, OnOpen } from './websocket/on-message';
export { type PreparedMessage, prepareMessage } from './websocket/prepared-message';
export type { Audience, BroadcastOptions } from './websocket/rooms';
export { WebSocket } from './websocket/web-socket';
export type { Backpressure, WebSocketOptions } from './websocket/web-socket-options';
export { type ClassRooms, WebSocketRooms } from './websocket/web-socket-rooms';
export { type RawMessage, WebSocketSession } from './websocket/web-socket-session';
