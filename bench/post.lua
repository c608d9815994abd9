-- SPDX-License-Identifier: Apache-2.0
-- wrk posts photos in turn: wrk -s post.lua URL -- PHOTO...
local bodies, at, failed = {}, 0, 0
local boundary = "breedlens-benchmark"

function init(args)
    for _, path in ipairs(args) do
        local file = assert(io.open(path, "rb"))
        local name = path:match("[^/]*$")
        bodies[#bodies + 1] = "--" .. boundary .. '\r\nContent-Disposition: form-data; name="image"; filename="' .. name ..
            '"\r\nContent-Type: application/octet-stream\r\n\r\n' .. file:read("*a") .. "\r\n--" .. boundary .. "--\r\n"
        file:close()
    end
    wrk.method = "POST"
    wrk.path = "/api/petshop/identify-breed"
    wrk.headers["Content-Type"] = "multipart/form-data; boundary=" .. boundary
end

function request()
    at = at % #bodies + 1
    return wrk.format(nil, nil, nil, bodies[at])
end

function done(summary, latency)
    local e = summary.errors
    io.write(string.format("RESULT %d %d %.3f %.3f %d\n", summary.requests, summary.duration,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000, e.connect + e.read + e.write + e.status + e.timeout))
end
