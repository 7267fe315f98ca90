-- Sends prepared requests in turn, and tells as one line of JSON what came of it.
-- Arguments: the file of requests (a line each: method, path, token, content type, body, with tabs between), then one
-- or more "host:port"; each thread takes one of them.

local addresses = {}

function setup(thread)
    if #addresses == 0 then
        for address in os.getenv("SAATTAEN_BENCH_ADDRESSES"):gmatch("%S+") do
            local host, port = address:match("^(.*):(%d+)$")
            addresses[#addresses + 1] = wrk.lookup(host, port)[1]
        end
        taken = 0
    end
    thread.addr = addresses[taken % #addresses + 1]
    thread:set("first", taken)
    taken = taken + 1
end

function init(arguments)
    requests, at = {}, 0
    for line in io.lines(arguments[1]) do
        local method, path, token, kind, body = line:match("^(%S+)\t(%S+)\t(%S*)\t(%S*)\t(.*)$")
        local headers = {}
        if token ~= "" then headers["Authorization"] = "Bearer " .. token end
        if kind ~= "" then headers["Content-Type"] = kind end
        requests[#requests + 1] = wrk.format(method, path, headers, body ~= "" and body or nil)
    end
    -- Threads begin at different places, so that they do not ask for the same at the same time.
    at = (first * 997) % #requests
end

function request()
    at = at % #requests + 1
    return requests[at]
end

function done(summary, latency)
    local failed = summary.errors
    print(string.format(
        '\n{"requests": %d, "seconds": %.6f, "p50": %.3f, "p95": %.3f, "p99": %.3f, "most": %.3f, "refused": %d, "broken": %d}',
        summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(95) / 1e3,
        latency:percentile(99) / 1e3, latency.max / 1e3, failed.status,
        failed.connect + failed.read + failed.write + failed.timeout))
end
