//! What the API answers when it cannot do what was asked.
//!
//! The shapes are those the live API uses, which differ from each other: validation errors carry
//! a list and no message, domain errors a message and an object, and some are not JSON at all.

use std::borrow::Cow;

use http::StatusCode;
use serde_json::{Value, json};

use crate::events::EventError;
use crate::store::StoreError;

/// A refused or failed API call.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// The input does not fit the contract: 422 with every violation found.
    Validation(Vec<String>),
    /// The input fits the contract but not the state of the project: 422 with a message.
    Domain {
        /// What is wrong, shown as `data.message`.
        message: String,
        /// The input field to change, where there is one.
        field: Option<Cow<'static, str>>,
        /// The type of the resource, where that is what the field does not fit.
        kind: Option<String>,
    },
    /// 422 whose message stands at the root, next to data naming the resource.
    Unprocessable {
        /// What is wrong.
        message: String,
        /// What it is about.
        data: Value,
    },
    /// 400 with a message and data.
    BadRequest {
        /// What is wrong.
        message: String,
        /// What it is about.
        data: Value,
    },
    /// No such resource.
    NotFound {
        /// The id as it was given.
        id: String,
    },
    /// There is no project with the id a header names.
    TeamNotFound {
        /// The id as it was given.
        id: String,
    },
    /// The key lacks a scope.
    InsufficientScope {
        /// The scope.
        required: String,
    },
    /// The resource existed and was deleted.
    Gone,
    /// A resource with this name exists; the data describes it.
    AlreadyExists(Value),
    /// The contract has the operation, the gateway does not.
    NotImplemented {
        /// The operation id in the contract.
        operation: String,
    },
    /// A failure of the gateway itself. The cause is logged, never sent.
    Internal(String),
}

impl ApiError {
    /// Not found, naming the id.
    pub(crate) fn not_found(id: impl Into<String>) -> Self {
        Self::NotFound { id: id.into() }
    }

    /// One validation message.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::Validation(vec![message.into()])
    }

    /// A domain error about one input field.
    pub(crate) fn domain(message: impl Into<String>, field: Option<&'static str>) -> Self {
        Self::Domain {
            message: message.into(),
            field: field.map(Cow::Borrowed),
            kind: None,
        }
    }

    /// A domain error about a field of the config that does not fit the type of the resource.
    pub(crate) fn misfit(message: impl Into<String>, key: &str, kind: &str) -> Self {
        Self::Domain {
            message: message.into(),
            field: Some(format!("config.{key}").into()),
            kind: Some(kind.to_owned()),
        }
    }

    /// Status and body of the reply. A failure of the gateway itself is logged here.
    pub(crate) fn parts(self) -> (StatusCode, Value) {
        match self {
            Self::Validation(messages) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                json!({
                    "level": "info",
                    "handled": true,
                    "report": true,
                    "data": messages,
                    "status": 422,
                    "code": "UNPROCESSABLE_ENTITY",
                }),
            ),
            Self::Domain {
                message,
                field,
                kind,
            } => {
                let mut data = json!({ "message": message });
                if let Some(kind) = kind {
                    data["type"] = Value::from(kind);
                }
                if let Some(field) = field {
                    data["field"] = Value::from(field.into_owned());
                }
                body(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "UNPROCESSABLE_ENTITY",
                    "Unprocessable Entity",
                    data,
                )
            }
            Self::Unprocessable { message, data } => body(
                StatusCode::UNPROCESSABLE_ENTITY,
                "UNPROCESSABLE_ENTITY",
                &message,
                data,
            ),
            Self::BadRequest { message, data } => {
                body(StatusCode::BAD_REQUEST, "BAD_REQUEST", &message, data)
            }
            Self::NotFound { id } => body(
                StatusCode::NOT_FOUND,
                "NOT_FOUND",
                "Not Found",
                json!({ "id": id }),
            ),
            Self::TeamNotFound { id } => body(
                StatusCode::NOT_FOUND,
                "NOT_FOUND",
                "Team Not Found",
                json!({ "id": id }),
            ),
            Self::InsufficientScope { required } => body(
                StatusCode::FORBIDDEN,
                "INSUFFICIENT_SCOPE",
                "The API key does not have the required scope for this operation",
                json!({ "required": required }),
            ),
            Self::Gone => body(
                StatusCode::GONE,
                "GONE",
                "Resource was deleted",
                json!({ "deleted": true }),
            ),
            Self::AlreadyExists(data) => body(
                StatusCode::CONFLICT,
                "RESOURCE_ALREADY_EXISTS",
                "Resource already exists",
                data,
            ),
            Self::NotImplemented { operation } => body(
                StatusCode::NOT_IMPLEMENTED,
                "NOT_IMPLEMENTED",
                &format!("The gateway does not implement {operation}"),
                json!({ "operation": operation }),
            ),
            Self::Internal(cause) => {
                tracing::error!(%cause, "an API call failed");
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    json!({ "code": "FATAL_ERROR", "status": 500, "message": "Fatal Error" }),
                )
            }
        }
    }
}

fn body(status: StatusCode, code: &str, message: &str, data: Value) -> (StatusCode, Value) {
    (
        status,
        json!({ "code": code, "status": status.as_u16(), "message": message, "data": data }),
    )
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<EventError> for ApiError {
    fn from(error: EventError) -> Self {
        match error {
            EventError::NotFound { id } => Self::NotFound { id },
            EventError::NotCancellable { ref id, .. } => Self::Unprocessable {
                data: json!({ "id": id }),
                message: error.to_string(),
            },
            EventError::ConnectionUnavailable { id } => Self::Unprocessable {
                message: "Connection does not exist or is disabled".into(),
                data: json!({ "id": id }),
            },
            EventError::NotRetryable { request_id } => Self::BadRequest {
                message: "Request is not eligible for retry because it not rejected or has no ignored events"
                    .into(),
                data: json!({ "request_id": request_id }),
            },
            EventError::NotBuilt { what } => Self::NotImplemented { operation: what },
            EventError::Store(error) => error.into(),
        }
    }
}

impl From<rusqlite::Error> for ApiError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<serde_json::Error> for ApiError {
    /// Only stored JSON is parsed with `?`, so a failure is the gateway's own.
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(format!("stored JSON is broken: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validation_errors_have_a_list_and_no_message() {
        let (status, body) = ApiError::invalid("name is required").parts();
        assert_eq!(status, 422);
        assert_eq!(body["data"], json!(["name is required"]));
        assert_eq!(body["handled"], true);
        assert!(body.get("message").is_none());
    }

    #[test]
    fn a_failure_inside_does_not_tell_its_cause() {
        let (status, body) = ApiError::Internal("disk full at /var/x".into()).parts();
        assert_eq!(status, 500);
        assert_eq!(
            body,
            json!({"code": "FATAL_ERROR", "status": 500, "message": "Fatal Error"})
        );
    }

    #[test]
    fn domain_errors_name_their_field_inside_data() {
        let (_, body) = ApiError::domain("no url", Some("config.url")).parts();
        assert_eq!(body["message"], "Unprocessable Entity");
        assert_eq!(
            body["data"],
            json!({"message": "no url", "field": "config.url"})
        );
    }
}
