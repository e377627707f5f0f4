//! A line to a Git server that can be cut after a number of bytes, in either direction.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// When connections end early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Never.
    Nowhere,
    /// A push, after this many bytes to the server.
    PushTo(usize),
    /// A push, after this many bytes from the server.
    PushFrom(usize),
    /// As `PushFrom`, and every later connection at once.
    PushFromThenAll(usize),
    /// Every connection at once.
    All,
}

/// A listening proxy. It ends with the process.
pub struct Proxy {
    port: u16,
    cut: Arc<Mutex<Cut>>,
}

impl Proxy {
    /// Listens, and forwards to `port` on this machine.
    pub fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let own = listener.local_addr().expect("its address").port();
        let cut = Arc::new(Mutex::new(Cut::Nowhere));
        let shared = Arc::clone(&cut);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let cut = Arc::clone(&shared);
                std::thread::spawn(move || connection(client, port, &cut));
            }
        });
        Self { port: own, cut }
    }

    pub fn url(&self) -> String {
        format!("git://127.0.0.1:{}/fleet.git", self.port)
    }

    pub fn set(&self, cut: Cut) {
        *self.cut.lock().expect("no test panics with the lock") = cut;
    }
}

fn connection(mut client: TcpStream, port: u16, cut: &Mutex<Cut>) -> Option<()> {
    let mut request = [0; 4096];
    let n = client.read(&mut request).ok()?;
    let is_push = request[..n].windows(16).any(|window| window == b"git-receive-pack");
    let (to, from) = {
        let mut cut = cut.lock().ok()?;
        match *cut {
            Cut::All => return None,
            Cut::PushTo(n) if is_push => (n, usize::MAX),
            Cut::PushFrom(n) if is_push => (usize::MAX, n),
            Cut::PushFromThenAll(n) if is_push => {
                *cut = Cut::All;
                (usize::MAX, n)
            }
            _ => (usize::MAX, usize::MAX),
        }
    };
    let mut server = TcpStream::connect(("127.0.0.1", port)).ok()?;
    let first = n.min(to);
    server.write_all(&request[..first]).ok()?;
    let (mut client_in, mut server_out) = (client.try_clone().ok()?, server.try_clone().ok()?);
    let up = std::thread::spawn(move || forward(&mut client_in, &mut server_out, to.saturating_sub(n)));
    // What the server has already been sent it may finish; the client hears no more.
    forward(&mut server, &mut client, from);
    let _ = up.join();
    Some(())
}

/// Copies until one side ends or `limit` bytes have passed, then ends both directions of the target, and of the
/// source if it was the limit.
fn forward(from: &mut TcpStream, to: &mut TcpStream, mut limit: usize) {
    let mut buffer = [0; 4096];
    loop {
        if limit == 0 {
            let _ = to.shutdown(Shutdown::Both);
            return drain(from);
        }
        match from.read(&mut buffer) {
            Ok(n) if n > 0 => {
                let n = n.min(limit);
                limit -= n;
                if to.write_all(&buffer[..n]).is_err() {
                    return drain(from);
                }
            }
            _ => {
                let _ = to.shutdown(Shutdown::Write);
                return;
            }
        }
    }
}

/// Reads to the end, so that the other side is not stopped by a full pipe.
fn drain(from: &mut TcpStream) {
    let mut buffer = [0; 4096];
    while matches!(from.read(&mut buffer), Ok(n) if n > 0) {}
}
