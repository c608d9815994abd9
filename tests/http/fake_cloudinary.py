# SPDX-License-Identifier: Apache-2.0
"""A Cloudinary to test against: HTTPS on loopback, with a certificate of its own CA.

It checks every signature with the official SDK, keeps uploads in memory, and can
be told to misbehave. Alone it serves until it is ended, for the benchmark:
    fake_cloudinary.py FOLDER [MODE]     prints its port; FOLDER gets the CA, ca.pem
"""
import email
import email.policy
import http.server
import json
import pathlib
import ssl
import subprocess
import sys
import threading
import time

from cloudinary.utils import api_sign_request

CLOUD, KEY, SECRET = "testcloud", "123456789", "test-secret-&=+"
MODES = """ok       the upload is kept, and its secure_url told
401 420 429 500 400   that status, with a body that no client must get to see
slow      nothing is said for `delay` seconds, then as ok
hang      nothing is ever said
drop      half of an answer, then the connection is closed
reset     the connection is closed before the body is read
garbage   200 with something that is no JSON
odd       200 with JSON that lacks what is needed
evil      200 with a secure_url that is not https
huge      200 with a body of 10 MB"""
NEVER_SHOWN = "internal-detail-of-cloudinary"


def make_certificates(folder, names="IP:127.0.0.1", days=2, start=None):
    """A CA and a server's certificate by it, with openssl: (ca.pem, server.pem)."""
    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)
    folder = pathlib.Path(folder)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=breedlens test CA")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=fake cloudinary")
    (folder / "ext").write_text(f"subjectAltName={names}\nbasicConstraints=CA:FALSE\n")
    (folder / "index").write_text("")
    (folder / "serial").write_text("01\n")
    (folder / "ca.cnf").write_text("[ca]\ndefault_ca=d\n[d]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n")
    dates = ["-startdate", start[0], "-enddate", start[1]] if start else ["-days", str(days)]
    openssl("ca", "-batch", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key", "-in", "server.csr", "-out", "server.crt", "-notext", "-extfile", "ext", *dates)
    (folder / "server.pem").write_text((folder / "server.crt").read_text() + (folder / "server.key").read_text())
    return folder / "ca.pem", folder / "server.pem"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        if self.server.tls:
            self.request.settimeout(30)
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def log_message(self, *args):
        pass

    def answer(self, status, body, **headers):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def form(self):
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        message = email.message_from_bytes(b"Content-Type: " + self.headers["Content-Type"].encode() + b"\r\n\r\n" + raw, policy=email.policy.HTTP)
        fields, file, name = {}, None, None
        for part in message.iter_parts():
            key = part.get_param("name", header="content-disposition")
            if key == "file":
                file, name = part.get_payload(decode=True), part.get_filename()
            else:
                assert key not in fields
                fields[key] = part.get_payload(decode=True).decode()
        return fields, file, name

    def signed(self, fields):
        algorithm = fields.get("signature_algorithm", "sha1")
        signed = {k: v for k, v in fields.items() if k not in ("api_key", "signature", "signature_algorithm")}
        fresh = abs(int(fields["timestamp"]) - time.time()) < 3600
        return fresh and fields["api_key"] == KEY and fields["signature"] == api_sign_request(signed, SECRET, algorithm)

    def do_POST(self):
        fake = self.server.fake
        mode = fake.next_mode()
        if mode == "reset":
            self.close_connection = True
            return
        fields, file, name = self.form()
        with fake.lock:
            fake.requests.append({"path": self.path, "fields": fields, "file": file, "filename": name, "mode": mode, "at": time.monotonic()})
        if mode == "hang":
            fake.ending.wait()
            self.close_connection = True
        elif mode == "drop":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"secure_url\": \"https:")
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()
        elif mode.isdigit():
            extra = {"Retry_After": str(fake.retry_after)} if mode == "429" and fake.retry_after is not None else {}
            self.answer(int(mode), {"error": {"message": NEVER_SHOWN}}, **extra)
        elif mode == "garbage":
            self.answer(200, f"<html>{NEVER_SHOWN}</html>".encode())
        elif mode == "odd":
            self.answer(200, {"url": NEVER_SHOWN, "secure_url": 5})
        elif mode == "evil":
            self.answer(200, {"public_id": "x", "secure_url": f"javascript:{NEVER_SHOWN}"})
        elif mode == "huge":
            self.answer(200, b'{"x": "' + NEVER_SHOWN.encode() + b"x" * (10 << 20) + b'"}')
        else:
            if mode == "slow":
                fake.ending.wait(fake.delay)
            self.behave(fake, fields, file)

    def behave(self, fake, fields, file):
        if not self.signed(fields):
            self.answer(401, {"error": {"message": "Invalid Signature " + NEVER_SHOWN}})
        elif self.path == f"/v1_1/{CLOUD}/image/upload":
            with fake.lock:
                public_id = f"{fields.get('folder', '')}/photo{len(fake.kept)}".lstrip("/")
                fake.kept[public_id] = file
            self.answer(200, {"public_id": public_id, "secure_url": f"https://res.cloudinary.example/{CLOUD}/{public_id}.jpg", "url": "http://x"})
        elif self.path == f"/v1_1/{CLOUD}/image/destroy":
            with fake.lock:
                was = fake.kept.pop(fields["public_id"], None)
            self.answer(200, {"result": "ok" if was is not None else "not found"})
        else:
            self.answer(404, {"error": {"message": NEVER_SHOWN}})


class Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # clients that give up are what is tested


class FakeCloudinary:
    def __init__(self, certificate=None, modes="ok"):
        self.lock, self.ending = threading.Lock(), threading.Event()
        self.kept, self.requests = {}, []
        self.delay, self.retry_after = 1, None
        self.tell(modes)
        self.listener = Listener(("127.0.0.1", 0), Handler)
        self.listener.fake, self.listener.tls = self, None
        if certificate:
            self.listener.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.listener.tls.load_cert_chain(certificate)
        self.port = self.listener.server_address[1]
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"
        threading.Thread(target=self.listener.serve_forever, args=(0.05,), daemon=True).start()

    def tell(self, modes):
        """What the next requests meet, in order: "500 500 ok"; the last goes for all after."""
        self.modes = modes.split()

    def next_mode(self):
        with self.lock:
            return self.modes.pop(0) if len(self.modes) > 1 else self.modes[0]

    def stop(self):
        self.ending.set()
        self.listener.shutdown()
        self.listener.server_close()


if __name__ == "__main__":
    fake = FakeCloudinary(make_certificates(sys.argv[1])[1], sys.argv[2] if len(sys.argv) > 2 else "ok")
    print(fake.port, flush=True)
    threading.Event().wait()
