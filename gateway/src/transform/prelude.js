// Evaluates to a function that prepares the global object for the user's code and gives back the
// function that runs the handler. What it needs of the built-ins it takes before the user's code can
// change them.
(function (print, random, now, env) {
  "use strict";
  const { parse, stringify } = JSON;
  const { String, Error, TypeError, Array, Reflect, Proxy } = globalThis;
  const handlers = Object.create(null);

  // Time stands still during a run, and chance is the gateway's.
  const SystemDate = Date;
  SystemDate.now = () => now;
  const GatewayDate = new Proxy(SystemDate, {
    apply: () => new SystemDate(now).toString(),
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now] : args, newTarget),
  });
  SystemDate.prototype.constructor = GatewayDate;
  globalThis.Date = GatewayDate;
  Math.random = () => random();
  delete globalThis.performance;

  const show = (value) => {
    if (typeof value === "string") return value;
    if (value instanceof Error) return `${value.name}: ${value.message}`;
    if (typeof value === "object" && value !== null) {
      try {
        return stringify(value);
      } catch {
        return String(value);
      }
    }
    return String(value);
  };
  const console = {};
  for (const type of ["debug", "error", "info", "log", "warn"]) {
    console[type] = (...values) => print(type, values.map(show).join(" "));
  }
  globalThis.console = console;
  globalThis.process = { env: parse(env) };
  globalThis.addHandler = (name, handler) => {
    if (name !== "transform") throw new TypeError(`There is no handler type ${show(name)}`);
    if (typeof handler !== "function") throw new TypeError("The handler must be a function");
    handlers.transform = handler;
  };

  return (request, context) => {
    const handler = handlers.transform;
    if (handler === undefined) {
      throw new Error('The code must call addHandler("transform", handler)');
    }
    const result = handler(parse(request), parse(context));
    if (typeof result !== "object" || result === null || Array.isArray(result)) {
      const received = result === null ? "null" : Array.isArray(result) ? "array" : typeof result;
      throw new Error(
        `Transformation must return a request object. Received: ${received}. ` +
          "Did you forget to return the request object? Example: return request;",
      );
    }
    return stringify(result);
  };
});
