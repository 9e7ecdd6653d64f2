//! `org.varlink.service`: what every Varlink server answers about itself.

use serde::{Deserialize, Serialize};

use crate::call::Reply;

/// The name of the interface that every Varlink server has.
pub const SERVICE_INTERFACE: &str = "org.varlink.service";

/// A method of `org.varlink.service`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServiceMethod {
    /// Who are you, what do you speak?
    GetInfo,
    /// How is this interface declared?
    GetInterfaceDescription,
}

impl ServiceMethod {
    /// The method with this name on the wire.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "org.varlink.service.GetInfo" => Some(Self::GetInfo),
            "org.varlink.service.GetInterfaceDescription" => Some(Self::GetInterfaceDescription),
            _ => None,
        }
    }
}

/// Answer of `GetInfo`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InfoAnswer {
    /// Who made it.
    pub vendor: String,
    /// What it is.
    pub product: String,
    /// Which version.
    pub version: String,
    /// Where more is to be read.
    pub url: String,
    /// What it speaks.
    pub interfaces: Vec<String>,
}

impl InfoAnswer {
    /// What the agent says of itself.
    #[must_use]
    pub fn of_agent(version: &str) -> Self {
        Self {
            vendor: "Sekisho".into(),
            product: "sekisho-agent".into(),
            version: version.into(),
            url: env!("CARGO_PKG_REPOSITORY").into(),
            interfaces: vec![SERVICE_INTERFACE.into(), crate::INTERFACE_NAME.into()],
        }
    }
}

/// Parameters of `GetInterfaceDescription`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescriptionRequest {
    /// Which interface.
    pub interface: String,
}

/// Answer of `GetInterfaceDescription`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescriptionAnswer {
    /// The interface's text.
    pub description: String,
}

impl DescriptionAnswer {
    /// The declaration of an interface that the agent speaks.
    #[must_use]
    pub fn of(interface: &str) -> Option<Self> {
        let description = match interface {
            crate::INTERFACE_NAME => crate::INTERFACE,
            SERVICE_INTERFACE => include_str!("org.varlink.service.varlink"),
            _ => return None,
        };
        Some(Self { description: description.to_owned() })
    }
}

/// The errors of `org.varlink.service`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceError {
    /// No interface of that name.
    InterfaceNotFound {
        /// The name that was asked for.
        interface: String,
    },
    /// No method of that name.
    MethodNotFound {
        /// The name that was asked for.
        method: String,
    },
    /// A parameter is missing or of the wrong type.
    InvalidParameter {
        /// Its name.
        parameter: String,
    },
}

impl ServiceError {
    /// What to answer to a method that nobody here knows.
    #[must_use]
    pub fn unknown(method: &str) -> Self {
        let interface = method.rsplit_once('.').map_or("", |(interface, _)| interface);
        if matches!(interface, SERVICE_INTERFACE | crate::INTERFACE_NAME) {
            Self::MethodNotFound { method: method.to_owned() }
        } else {
            Self::InterfaceNotFound { interface: interface.to_owned() }
        }
    }

    /// The name on the wire.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::InterfaceNotFound { .. } => "org.varlink.service.InterfaceNotFound",
            Self::MethodNotFound { .. } => "org.varlink.service.MethodNotFound",
            Self::InvalidParameter { .. } => "org.varlink.service.InvalidParameter",
        }
    }

    /// As the reply that carries it.
    #[must_use]
    pub fn to_reply(&self) -> Reply {
        let (key, value) = match self {
            Self::InterfaceNotFound { interface } => ("interface", interface),
            Self::MethodNotFound { method } => ("method", method),
            Self::InvalidParameter { parameter } => ("parameter", parameter),
        };
        let parameters = serde_json::json!({ key: value });
        Reply { parameters, continues: false, error: Some(self.name().to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_method_is_told_from_an_unknown_interface() {
        assert_eq!(ServiceError::unknown("io.sekisho.Unlock").name(), "org.varlink.service.MethodNotFound");
        assert_eq!(ServiceError::unknown("io.systemd.Foo.Bar").name(), "org.varlink.service.InterfaceNotFound");
        assert_eq!(ServiceError::unknown("").name(), "org.varlink.service.InterfaceNotFound");
    }

    #[test]
    fn both_interfaces_are_described() {
        for interface in InfoAnswer::of_agent("1").interfaces {
            let description = DescriptionAnswer::of(&interface).unwrap().description;
            assert!(description.contains(&format!("interface {interface}\n")), "{interface}");
        }
        assert_eq!(DescriptionAnswer::of("io.systemd"), None);
    }
}
