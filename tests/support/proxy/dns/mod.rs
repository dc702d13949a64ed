//! The name servers of the local AWS: what its public hosted zones say, over UDP on loopback.
//!
//! | address | plays |
//! |---|---|
//! | `127.0.0.1` | the root |
//! | `127.0.0.2` | the top-level domains |
//! | `127.0.0.3` | the zones that a registrar has entered: all public zones without one above them |
//! | `127.0.0.4` | the zones below those, and every zone for a question by the name of its server |
//! | `127.0.0.53` | a public resolver |
//!
//! All listen at one port that the system gave. The emulator gives every zone the same name
//! servers, so zones are told apart by the address that a referral carries.

mod data;
mod world;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use hickory_proto::op::Message;
use tokio::{net::UdpSocket, task::JoinHandle};

use super::upstream::Upstream;
use world::{Role, World};

/// Another process may have the port at one of the addresses.
const PORT_ATTEMPTS: u32 = 20;
/// Questions are short; answers of this size pass without TCP.
const BUFFER: usize = 4096;

/// What is not AWS here.
#[must_use]
pub fn simulated() -> Vec<String> {
    vec![
        "DNS: public hosted zones are answered at loopback addresses; a zone without another one \
         above it counts as entered at a registrar."
            .to_owned(),
    ]
}

/// Running name servers. They end with the value.
#[derive(Debug)]
pub struct DnsServers {
    port: u16,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for DnsServers {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl DnsServers {
    /// Starts to listen.
    ///
    /// # Errors
    /// When no port is free at all addresses.
    pub async fn start(upstream: Upstream) -> io::Result<Self> {
        let upstream = Arc::new(upstream);
        let (port, sockets) = sockets().await?;
        let serve = |(role, socket)| tokio::spawn(serve(role, socket, Arc::clone(&upstream)));
        Ok(Self { port, tasks: sockets.into_iter().map(serve).collect() })
    }

    /// The root: where a walk begins.
    #[must_use]
    pub fn root(&self) -> SocketAddr {
        (Role::Root.address(), self.port).into()
    }

    /// The public resolver.
    #[must_use]
    pub fn resolver(&self) -> SocketAddr {
        (Role::Resolver.address(), self.port).into()
    }
}

/// One port that is free at the addresses of all roles.
async fn sockets() -> io::Result<(u16, Vec<(Role, UdpSocket)>)> {
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..PORT_ATTEMPTS {
        match try_sockets().await {
            Ok(bound) => return Ok(bound),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn try_sockets() -> io::Result<(u16, Vec<(Role, UdpSocket)>)> {
    let mut port = 0;
    let mut bound = Vec::new();
    for role in Role::ALL {
        let socket = UdpSocket::bind((role.address(), port)).await?;
        port = socket.local_addr()?.port();
        bound.push((role, socket));
    }
    Ok((port, bound))
}

async fn serve(role: Role, socket: UdpSocket, upstream: Arc<Upstream>) {
    let mut buffer = [0; BUFFER];
    // An error belongs to one datagram, such as a client that went away.
    loop {
        let Ok((length, from)) = socket.recv_from(&mut buffer).await else {
            continue;
        };
        let Some(question) = buffer.get(..length).and_then(|bytes| Message::from_vec(bytes).ok())
        else {
            continue;
        };
        let world = World::new(data::zones(&upstream).await);
        if let Ok(answer) = world.answer(role, &question).to_vec() {
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

impl Role {
    const ALL: [Self; 5] =
        [Self::Root, Self::Top, Self::Registered, Self::Delegated, Self::Resolver];

    fn address(self) -> Ipv4Addr {
        let last = match self {
            Self::Root => 1,
            Self::Top => 2,
            Self::Registered => 3,
            Self::Delegated => 4,
            Self::Resolver => 53,
        };
        Ipv4Addr::new(127, 0, 0, last)
    }
}
