//! Transformations: JavaScript that rewrites requests on their way.

use crate::call::{Call, Count, List, Write};
use crate::models::{
    Deleted, Transformation, TransformationExecution, TransformationExecutionFilter,
    TransformationFilter, TransformationInput, TransformationTest, TransformationUpdate,
};
use crate::operation::ops;

super::resource! {
    /// Transformations: JavaScript that connections run to rewrite requests. A connection uses one
    /// by a [`TransformRule`](crate::models::TransformRule).
    Transformations, transformations
}

impl Transformations {
    /// Lists transformations, newest first, with their code.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let mut transformations = client.transformations().list().items();
    /// while let Some(transformation) = transformations.try_next().await? {
    ///     println!("{} {}", transformation.id, transformation.name);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn list(&self) -> List<TransformationFilter> {
        List::new(self.prepare(&ops::GET_TRANSFORMATIONS, &[]))
    }

    /// How many transformations the project has.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let transformations: u64 = client.transformations().count().await?;
    /// # Ok(()) }
    /// ```
    pub fn count(&self) -> Count {
        Count::new(self.prepare(&ops::GET_TRANSFORMATIONS_COUNT, &[]), &[])
    }

    /// A transformation by its id, with its code and its environment variables.
    ///
    /// Fails with [`is_not_found`](crate::Error::is_not_found) if there is none or it was deleted.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let transformation = client.transformations().get("trs_1").await?;
    /// println!("{}", transformation.code.unwrap_or_default());
    /// # Ok(()) }
    /// ```
    pub fn get(&self, id: impl AsRef<str>) -> Call<Transformation> {
        Call::new(self.prepare(&ops::GET_TRANSFORMATION, &[id.as_ref()]))
    }

    /// Creates a transformation.
    ///
    /// The code registers a function that takes a request and returns one. It has no network, no
    /// promises and one second of CPU time.
    ///
    /// Fails with [`is_conflict`](crate::Error::is_conflict) if the name is taken, and is therefore
    /// not repeated when its outcome is unknown: use [`upsert`](Transformations::upsert) where that
    /// matters.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let code = r#"
    ///     addHandler("transform", (request) => {
    ///         request.headers["x-stage"] = process.env.STAGE;
    ///         return request;
    ///     });
    /// "#;
    /// let transformation = client
    ///     .transformations()
    ///     .create("stamp", code)
    ///     .env([("STAGE", "production")])
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn create(
        &self,
        name: impl Into<String>,
        code: impl Into<String>,
    ) -> Write<TransformationInput> {
        Write::new(
            self.prepare(&ops::CREATE_TRANSFORMATION, &[]),
            TransformationInput::new(code, name),
        )
        .checked(TransformationInput::find_problem)
    }

    /// Creates the transformation of that name, or changes it if it exists.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let code = r#"addHandler("transform", (request) => request);"#;
    /// client.transformations().upsert("pass", code).await?;
    /// # Ok(()) }
    /// ```
    pub fn upsert(
        &self,
        name: impl Into<String>,
        code: impl Into<String>,
    ) -> Write<TransformationInput> {
        Write::new(
            self.prepare(&ops::UPSERT_TRANSFORMATION, &[]),
            TransformationInput::new(code, name),
        )
        .checked(TransformationInput::find_problem)
    }

    /// Changes a transformation. What is not set stays as it is; `env` replaces all variables.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.transformations().update("trs_1").name("stamp").await?;
    /// # Ok(()) }
    /// ```
    pub fn update(&self, id: impl AsRef<str>) -> Write<TransformationUpdate> {
        Write::new(
            self.prepare(&ops::UPDATE_TRANSFORMATION, &[id.as_ref()]),
            TransformationUpdate::new(),
        )
    }

    /// Deletes a transformation for good.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.transformations().delete("trs_1").await?;
    /// # Ok(()) }
    /// ```
    pub fn delete(&self, id: impl AsRef<str>) -> Call<Deleted> {
        Call::new(self.prepare(&ops::DELETE_TRANSFORMATION, &[id.as_ref()]))
    }

    /// Runs code on a request and returns what becomes of it, without changing anything.
    ///
    /// Give either `code` or `transformation_id`, and either `request` or `event_id`. Code that
    /// throws is no failure of the call: the run's `log_level` is `fatal` then, its `console` says
    /// why, and it has no `request`.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use hookdeck::models::{LogLevel, TransformationTestRequest};
    /// use hookdeck::types::Json;
    ///
    /// let run = client
    ///     .transformations()
    ///     .run()
    ///     .transformation_id("trs_1")
    ///     .request(
    ///         TransformationTestRequest::new([("content-type", "application/json")])
    ///             .body(Json::new(&serde_json::json!({"order": 7}))),
    ///     )
    ///     .await?;
    /// if run.log_level == LogLevel::Fatal {
    ///     println!("{:?}", run.console);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn run(&self) -> Write<TransformationTest> {
        Write::new(
            self.prepare(&ops::TEST_TRANSFORMATION, &[]),
            TransformationTest::new(),
        )
    }

    /// Lists the runs of a transformation, newest first. It lags behind the runs by a moment.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use hookdeck::models::LogLevel;
    ///
    /// let mut failed = client
    ///     .transformations()
    ///     .executions("trs_1")
    ///     .log_level(LogLevel::Fatal)
    ///     .items();
    /// while let Some(execution) = failed.try_next().await? {
    ///     println!("{} {:?}", execution.id, execution.logs);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn executions(&self, id: impl AsRef<str>) -> List<TransformationExecutionFilter> {
        List::new(self.prepare(&ops::GET_TRANSFORMATION_EXECUTIONS, &[id.as_ref()]))
    }

    /// One run of a transformation, with the request before and after it, where still kept.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let execution = client.transformations().execution("trs_1", "reqt_1").await?;
    /// if let (Some(before), Some(after)) =
    ///     (execution.original_event_data, execution.transformed_event_data)
    /// {
    ///     println!("{:?} became {:?}", before.body, after.body);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn execution(
        &self,
        id: impl AsRef<str>,
        execution_id: impl AsRef<str>,
    ) -> Call<TransformationExecution> {
        let arguments = [id.as_ref(), execution_id.as_ref()];
        Call::new(self.prepare(&ops::GET_TRANSFORMATION_EXECUTION, &arguments))
    }
}
