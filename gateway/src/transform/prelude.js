// Evaluates to a function that prepares the global object for the user's code and gives back the
// function that runs the handler. What it needs of the built-ins it takes before the user's code can
// change them.
(function (print, random, now, env) {
  "use strict";
  const { parse, stringify } = JSON;
  const { isArray } = Array;
  const { entries } = Object;
  const { apply, construct } = Reflect;
  const { String, Error, TypeError, RangeError, Proxy } = globalThis;
  const { toWellFormed, toLowerCase } = String.prototype;
  const handlers = Object.create(null);

  // Time stands still during a run, and chance is the gateway's.
  const SystemDate = Date;
  SystemDate.now = () => now;
  const GatewayDate = new Proxy(SystemDate, {
    apply: () => new SystemDate(now).toString(),
    construct: (target, args, newTarget) =>
      construct(target, args.length === 0 ? [now] : args, newTarget),
  });
  SystemDate.prototype.constructor = GatewayDate;
  globalThis.Date = GatewayDate;
  Math.random = () => random();
  delete globalThis.performance;

  // Many of these walk as far as `length` says without asking whether to go on. A list that fits
  // into the memory of a run is far shorter.
  const refuseEndless = (list) => {
    if (list?.length > 2 ** 25) throw new RangeError("Invalid array length");
  };
  for (const name of Object.getOwnPropertyNames(Array.prototype)) {
    const method = Array.prototype[name];
    if (typeof method !== "function" || name === "constructor" || name === "push") continue;
    const { value } = Object.getOwnPropertyDescriptor(
      {
        [name](...args) {
          refuseEndless(this);
          if (name === "concat") args.forEach(refuseEndless);
          return apply(method, this, args);
        },
      },
      name,
    );
    Object.defineProperty(Array.prototype, name, { value, configurable: true, writable: true });
  }

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
    console[type] = (...values) =>
      print(type, apply(toWellFormed, values.map(show).join(" "), []));
  }
  globalThis.console = console;
  globalThis.process = { env: parse(env) };
  globalThis.addHandler = (name, handler) => {
    if (name !== "transform") throw new TypeError(`There is no handler type ${show(name)}`);
    if (typeof handler !== "function") throw new TypeError("The handler must be a function");
    handlers.transform = handler;
  };

  // The content type, as the last header of that name says it: it is the one the code added.
  const contentType = (headers) => {
    let found;
    for (const [name, value] of entries(headers)) {
      if (apply(toLowerCase, name, []) === "content-type") found = value;
    }
    return found;
  };

  // Gives back what became of the request as JSON, with the headers in the order the code gave
  // them; its body as JSON by itself, null when that and its type are as they were before; and
  // whether the body is.
  return (before, context) => {
    const handler = handlers.transform;
    if (handler === undefined) {
      throw new Error('The code must call addHandler("transform", handler)');
    }
    const request = parse(before);
    const body = stringify(request.body);
    const type = contentType(request.headers);
    const result = handler(request, parse(context));
    if (typeof result !== "object" || result === null || isArray(result)) {
      const received = result === null ? "null" : isArray(result) ? "array" : typeof result;
      throw new Error(
        `Transformation must return a request object. Received: ${received}. ` +
          "Did you forget to return the request object? Example: return request;",
      );
    }
    const { headers, path, query, body: after } = result;
    if (typeof headers !== "object" || headers === null || isArray(headers)) {
      throw new Error("Transformation must return a request with headers");
    }
    const rewritten = stringify(after) ?? "null";
    const rest = stringify({ typed: type !== undefined, headers: entries(headers), path, query });
    const unchanged = rewritten === (body ?? "null");
    const untouched = unchanged && contentType(headers) === type;
    return [rest, untouched ? null : rewritten, unchanged];
  };
});
